// Oracle.java - what Quartz says of a cron text, for quartz.py.
//
// A line in, "ZONE START COUNT<tab>TEXT", is a line out: the COUNT moments that follow START, all in
// seconds since 1970, fewer when there are no more; or "refused".
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Date;
import java.util.StringJoiner;
import java.util.TimeZone;
import org.quartz.CronExpression;

class Oracle {
    static String answer(String line) {
        int tab = line.indexOf('\t');
        String[] asked = line.substring(0, tab).split(" ");
        Date at = new Date(Long.parseLong(asked[1]) * 1000);
        StringJoiner slots = new StringJoiner(" ");

        try {
            CronExpression cron = new CronExpression(line.substring(tab + 1));
            cron.setTimeZone(TimeZone.getTimeZone(asked[0]));
            for (int i = Integer.parseInt(asked[2]); i > 0; i--) {
                at = cron.getNextValidTimeAfter(at);
                if (at == null)
                    break;
                slots.add(String.valueOf(at.getTime() / 1000));
            }
        } catch (java.text.ParseException | RuntimeException e) {
            return "refused";
        }
        return slots.toString();
    }

    public static void main(String[] args) throws Exception {
        var lines = new BufferedReader(new InputStreamReader(System.in));

        for (String line = lines.readLine(); line != null; line = lines.readLine())
            System.out.println(answer(line));
    }
}
