package io.shadowindex.client.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A network between clients and a server on this machine that breaks connections at random: before
 * a request has arrived, before its answer is there, or in the middle of either.
 */
public final class LossyProxy implements AutoCloseable {

  private static final int CUT_ONE_ANSWER_IN = 12;
  private static final int CUT_ONE_REQUEST_IN = 60;

  private final ServerSocket listening;
  private final int serverPort;
  private final Random random;
  private final AtomicLong cuts = new AtomicLong();

  private LossyProxy(int serverPort, long seed) throws IOException {
    this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    this.serverPort = serverPort;
    this.random = new Random(seed);
  }

  public static LossyProxy start(int serverPort, long seed) throws IOException {
    var proxy = new LossyProxy(serverPort, seed);
    Thread.ofVirtual().start(proxy::accept);
    return proxy;
  }

  /** {@code HOST:PORT}. */
  public String address() {
    return "127.0.0.1:" + listening.getLocalPort();
  }

  /** How many connections were broken while they carried something. */
  public long cuts() {
    return cuts.get();
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listening.accept();
        Socket server = new Socket(InetAddress.getLoopbackAddress(), serverPort);
        Thread.ofVirtual().start(() -> carry(client, server, CUT_ONE_REQUEST_IN));
        Thread.ofVirtual().start(() -> carry(server, client, CUT_ONE_ANSWER_IN));
      }
    } catch (IOException e) {
      // closed: no more connections
    }
  }

  private void carry(Socket from, Socket to, int cutOneIn) {
    byte[] bytes = new byte[64 * 1024];
    try (from;
        to;
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream()) {
      for (int read = in.read(bytes); read > 0; read = in.read(bytes)) {
        if (random.nextInt(cutOneIn) == 0) {
          cuts.incrementAndGet();
          out.write(bytes, 0, random.nextInt(read));
          return;
        }
        out.write(bytes, 0, read);
      }
    } catch (IOException e) {
      // the other direction has closed the sockets
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
  }
}
