// peer_dispatch.java - jobs of each second in Quartz with its store in memory, for dispatch.py.
//
// usage: java -cp quartz.jar:slf4j-api.jar peer_dispatch.java JOBS SECONDS. Prints one JSON object
// with the members of dispatch.c's.
import java.util.Arrays;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import org.quartz.*;
import org.quartz.impl.StdSchedulerFactory;

public class peer_dispatch {
    static volatile long from = Long.MAX_VALUE;
    static int[] late;
    static final AtomicInteger ran = new AtomicInteger();

    public static class Noop implements Job {
        public void execute(JobExecutionContext context) {
            long now = System.currentTimeMillis();
            if (context.getScheduledFireTime().getTime() < from)
                return;
            int i = ran.getAndIncrement();
            if (i < late.length)
                late[i] = (int) (now - context.getScheduledFireTime().getTime());
        }
    }

    public static void main(String[] args) throws Exception {
        int jobs = Integer.parseInt(args[0]), seconds = Integer.parseInt(args[1]);
        Properties p = new Properties();

        late = new int[jobs * (seconds + 2)];
        p.setProperty("org.quartz.threadPool.threadCount", "10");
        p.setProperty("org.quartz.scheduler.batchTriggerAcquisitionMaxCount", "1000");
        p.setProperty("org.quartz.scheduler.skipUpdateCheck", "true");
        Scheduler s = new StdSchedulerFactory(p).getScheduler();
        for (int i = 0; i < jobs; i++)
            s.scheduleJob(JobBuilder.newJob(Noop.class).withIdentity("j" + i).build(),
                TriggerBuilder.newTrigger().withSchedule(CronScheduleBuilder.cronSchedule("* * * * * ?")).build());
        s.start();
        Thread.sleep(3000);
        from = System.currentTimeMillis() / 1000 * 1000 + 1500;
        long until = from + seconds * 1000L;
        Thread.sleep(until - System.currentTimeMillis());
        int n = Math.min(ran.get(), late.length);
        int[] sorted = Arrays.copyOf(late, n);
        Arrays.sort(sorted);
        System.out.printf(java.util.Locale.ROOT,
            "{\"jobs\": %d, \"runs_s\": %.0f, \"late_p50_ms\": %d, \"late_p99_ms\": %d, \"not_run\": %d}%n",
            jobs, n / (double) seconds, n > 0 ? sorted[n / 2] : -1, n > 0 ? sorted[n * 99 / 100] : -1,
            Math.max(0, jobs * seconds - n));
        s.shutdown(false);
        System.exit(0);
    }
}
