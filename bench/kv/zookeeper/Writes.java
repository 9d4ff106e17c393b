// Writes through ZooKeeper's own client: each sets the data of one node to 256 bytes.
//   java Writes HOST:PORT                                 writes one for each line on stdin (NUMBER); prints NUMBER and "ok" or why not
//   java Writes HOST:PORT OUTSTANDING WARM-UP-MS RUN-MS   keeps so many under way; prints the time that it took, and each write's

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;

public final class Writes {
  private static final String NODE = "/bench-kv";
  private static final byte[] VALUE = "x".repeat(256).getBytes();
  private static final int SESSION_MS = 10_000;

  private static ZooKeeper client;

  public static void main(String[] words) throws Exception {
    client = new ZooKeeper(words[0], SESSION_MS, event -> {});
    if (words.length == 1) {
      serve();
    } else {
      int outstanding = Integer.parseInt(words[1]);
      untilWritten();
      load(outstanding, Long.parseLong(words[2]));
      print(load(outstanding, Long.parseLong(words[3])), Long.parseLong(words[3]));
    }
    client.close();
  }

  private static void write(Consumer<Code> done) {
    client.setData(NODE, VALUE, -1, (code, path, context, stat) -> {
      if (Code.get(code) != Code.NONODE) {
        done.accept(Code.get(code));
        return;
      }
      client.create(NODE, VALUE, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT,
          (created, at, why, name) -> done.accept(Code.get(created)), null);
    }, null);
  }

  private static void serve() throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String number = lines.readLine(); number != null; number = lines.readLine()) {
      String asked = number;
      write(code -> System.out.println(asked + " " + (code == Code.OK ? "ok" : code.toString())));
    }
  }

  private static void untilWritten() throws Exception {
    for (boolean[] isDone = {false}; !isDone[0]; ) {
      CountDownLatch answered = new CountDownLatch(1);
      write(code -> {
        isDone[0] = code == Code.OK;
        answered.countDown();
      });
      answered.await();
    }
  }

  /** Nanoseconds of each write. */
  private static Queue<Long> load(int outstanding, long ms) throws Exception {
    Queue<Long> took = new ConcurrentLinkedQueue<>();
    CountDownLatch ended = new CountDownLatch(outstanding);
    long endNs = System.nanoTime() + ms * 1_000_000;
    for (int lane = 0; lane < outstanding; lane += 1) next(took, ended, endNs);
    ended.await();
    return took;
  }

  private static void next(Queue<Long> took, CountDownLatch ended, long endNs) {
    long startNs = System.nanoTime();
    if (startNs >= endNs) {
      ended.countDown();
      return;
    }
    write(code -> {
      if (code != Code.OK) {
        System.err.println("a write failed: " + code);
        System.exit(1);
      }
      took.add(System.nanoTime() - startNs);
      next(took, ended, endNs);
    });
  }

  private static void print(Queue<Long> took, long ms) {
    StringBuilder lines = new StringBuilder(ms + "\n");
    for (long ns : took) lines.append(ns / 1e6).append('\n');
    System.out.print(lines);
  }
}
