// peer_cluster.java - triggers of Quartz in a PostgreSQL, one clustered node of several, for cluster.py.
//
// usage: java -cp CLASSES:quartz.jar:slf4j-api.jar:postgresql.jar peer_cluster fill|work JDBC_URL USER COUNT|SECONDS
// fill: makes the tables and COUNT triggers that are due. work: until nothing has come for two seconds. Prints {"runs",
// "first", "last"}, moments in milliseconds.
import java.sql.*;
import java.util.Properties;
import java.util.concurrent.*;
import java.util.concurrent.atomic.AtomicLong;
import org.quartz.*;
import org.quartz.impl.StdSchedulerFactory;
import org.quartz.utils.*;

public class peer_cluster {
    static final AtomicLong runs = new AtomicLong(), first = new AtomicLong(), last = new AtomicLong();

    public static class Noop implements Job {
        public void execute(JobExecutionContext context) {
            long now = System.currentTimeMillis();
            first.compareAndSet(0, now);
            last.set(now);
            runs.incrementAndGet();
        }
    }

    // Connections that are kept when they are closed: what a pool does, and nothing else of it.
    static class Kept implements ConnectionProvider {
        final BlockingQueue<Connection> idle = new LinkedBlockingQueue<>();
        final String url, user;

        Kept(String url, String user) {
            this.url = url;
            this.user = user;
        }
        public void initialize() {
        }
        public void shutdown() {
        }
        public Connection getConnection() throws SQLException {
            Connection c = idle.poll();
            Connection inner = c != null ? c : DriverManager.getConnection(url, user, "");

            return (Connection) java.lang.reflect.Proxy.newProxyInstance(peer_cluster.class.getClassLoader(),
                new Class<?>[] {Connection.class}, (proxy, method, args) -> {
                    if (method.getName().equals("close")) {
                        inner.setAutoCommit(true);
                        idle.add(inner);
                        return null;
                    }
                    try {
                        return method.invoke(inner, args);
                    } catch (java.lang.reflect.InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        }
    }

    static Scheduler scheduler(String url, String user) throws Exception {
        Properties p = new Properties();

        DBConnectionManager.getInstance().addConnectionProvider("bench", new Kept(url, user));
        p.setProperty("org.quartz.scheduler.instanceName", "bench");
        p.setProperty("org.quartz.scheduler.instanceId", "AUTO");
        p.setProperty("org.quartz.scheduler.skipUpdateCheck", "true");
        p.setProperty("org.quartz.scheduler.batchTriggerAcquisitionMaxCount", "10");
        p.setProperty("org.quartz.threadPool.threadCount", "10");
        p.setProperty("org.quartz.jobStore.class", "org.quartz.impl.jdbcjobstore.JobStoreTX");
        p.setProperty("org.quartz.jobStore.driverDelegateClass", "org.quartz.impl.jdbcjobstore.PostgreSQLDelegate");
        p.setProperty("org.quartz.jobStore.dataSource", "bench");
        p.setProperty("org.quartz.jobStore.isClustered", "true");
        p.setProperty("org.quartz.jobStore.acquireTriggersWithinLock", "true");
        p.setProperty("org.quartz.jobStore.misfireThreshold", "3600000");
        return new StdSchedulerFactory(p).getScheduler();
    }

    static void fill(String url, String user, int count) throws Exception {
        try (Connection c = DriverManager.getConnection(url, user, ""); Statement s = c.createStatement();
             var in = Scheduler.class.getResourceAsStream("/org/quartz/impl/jdbcjobstore/tables_postgres.sql")) {
            s.execute(new String(in.readAllBytes()).replace("COMMIT;", ""));
        }
        Scheduler s = scheduler(url, user);
        s.addJob(JobBuilder.newJob(Noop.class).withIdentity("noop").storeDurably().build(), false);
        for (int i = 0; i < count; i++)
            s.scheduleJob(TriggerBuilder.newTrigger().forJob("noop").withIdentity("t" + i).startNow().build());
    }

    static void work(String url, String user, long seconds) throws Exception {
        long end = System.currentTimeMillis() + seconds * 1000;
        Scheduler s = scheduler(url, user);

        s.start();
        while (System.currentTimeMillis() < end && (last.get() == 0 || System.currentTimeMillis() - last.get() < 2000))
            Thread.sleep(50);
        System.out.printf("{\"runs\": %d, \"first\": %d, \"last\": %d}%n", runs.get(), first.get(), last.get());
    }

    public static void main(String[] args) {
        int status = 0;

        try {
            if (args[0].equals("fill"))
                fill(args[1], args[2], Integer.parseInt(args[3]));
            else
                work(args[1], args[2], Long.parseLong(args[3]));
        } catch (Exception e) {
            e.printStackTrace();
            status = 1;
        }
        System.exit(status); // Quartz has threads
    }
}
