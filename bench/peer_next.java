// peer_next.java - next fire times by Quartz's CronExpression, for next.py.
//
// usage: java -cp quartz.jar:slf4j-api.jar peer_next.java < SCHEDULES, one a line: expression, zone and
// start (milliseconds since 1970) with tabs between. Prints a JSON object like peer_next.mjs.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Date;
import java.util.TimeZone;
import java.util.function.Supplier;
import org.quartz.CronExpression;

class PeerNext {
    static final int ROUNDS = 10, STARTS = 3;
    static Object sink;

    static double time(Supplier<Object> work) {
        long start = System.nanoTime();
        for (int i = 0; i < ROUNDS; i++)
            sink = work.get();
        return (System.nanoTime() - start) / (double) ROUNDS / 1000;
    }

    static CronExpression parse(String expr, TimeZone zone) {
        try {
            CronExpression cron = new CronExpression(expr);
            cron.setTimeZone(zone);
            return cron;
        } catch (java.text.ParseException e) {
            throw new IllegalArgumentException(e);
        }
    }

    public static void main(String[] args) throws Exception {
        var lines = new BufferedReader(new InputStreamReader(System.in)).lines().toList();
        double parse = 0, next = 0;
        int asked = 0, parsed = 0, refused = 0;

        for (int warm = 0; warm < 2; warm++) {
            parse = next = 0;
            asked = parsed = refused = 0;
            for (String line : lines) {
                String[] part = line.split("\t");
                TimeZone zone = TimeZone.getTimeZone(part[1]);
                Date at = new Date(Long.parseLong(part[2]));
                try {
                    CronExpression cron = parse(part[0], zone);
                    parse += time(() -> parse(part[0], zone));
                    parsed++;
                    for (int i = 0; i < STARTS && at != null; i++) {
                        Date from = at;
                        next += time(() -> cron.getNextValidTimeAfter(from));
                        asked++;
                        at = cron.getNextValidTimeAfter(at);
                    }
                } catch (IllegalArgumentException | UnsupportedOperationException e) {
                    refused++;
                }
            }
        }
        System.out.printf(java.util.Locale.ROOT,
            "{\"name\":\"Quartz\",\"parse_us\":%f,\"next_us\":%f,\"asked\":%d,\"refused\":%d}%n",
            parse / parsed, next / asked, asked, refused);
    }
}
