package io.shadowindex.client;

import io.grpc.ChannelCredentials;
import io.grpc.CompositeChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.TlsChannelCredentials;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How to reach a server. Left alone, a connection to this machine is plaintext and one to any other
 * machine is TLS with the authorities that the JDK trusts; no token is sent.
 *
 * <p>For one thread; every method answers this builder.
 */
public final class ShadowIndexClientBuilder {
  private final ServerAddress address;
  private boolean plaintext;
  private boolean tls;
  private @Nullable Path authorities;
  private @Nullable Path certificates;
  private @Nullable Path key;
  private @Nullable String serverName;
  private @Nullable TokenSource token;
  private Duration keepAlive = Duration.ofMinutes(1);
  private Limits limits = Limits.DEFAULT;
  private String userAgent = "";

  ShadowIndexClientBuilder(ServerAddress address) {
    this.address = address;
  }

  /** Neither encrypts nor knows who answers, also to another machine. No token is sent there. */
  public ShadowIndexClientBuilder plaintext() {
    plaintext = true;
    return this;
  }

  /** TLS also to this machine. The methods that say more about TLS imply it. */
  public ShadowIndexClientBuilder tls() {
    tls = true;
    return this;
  }

  /**
   * The certificates of the authorities to trust, and no others.
   *
   * @param file PEM; read by {@link #build}
   */
  public ShadowIndexClientBuilder authorities(Path file) {
    authorities = file;
    return tls();
  }

  /**
   * Who the client is, for servers that ask (mutual TLS).
   *
   * @param certificateChain PEM, the client's own certificate first; read by {@link #build}
   * @param privateKey PEM (PKCS #8, not encrypted); read by {@link #build}
   */
  public ShadowIndexClientBuilder identity(Path certificateChain, Path privateKey) {
    certificates = certificateChain;
    key = privateKey;
    return tls();
  }

  /** The name that the server's certificate must have, where it is not that of the address. */
  public ShadowIndexClientBuilder serverName(String name) {
    serverName = name;
    return tls();
  }

  /** The bearer token that each call carries. */
  public ShadowIndexClientBuilder token(TokenSource source) {
    token = source;
    return this;
  }

  /** How long a call may take, repetitions included; 30 seconds unless set. */
  public ShadowIndexClientBuilder callDeadline(Duration deadline) {
    limits =
        new Limits(positive(deadline), limits.reading(), limits.patience(), limits.heartbeat());
    return this;
  }

  /**
   * How long a call may take for which the server reads, hashes or copies the files of an index:
   * CompleteBuild, SwitchIndex, RollbackIndex, DeleteIndex and CheckIndexes; 2 hours unless set. A
   * server that dies is noticed by the keep-alive long before.
   */
  public ShadowIndexClientBuilder readingDeadline(Duration deadline) {
    limits = new Limits(limits.call(), positive(deadline), limits.patience(), limits.heartbeat());
    return this;
  }

  /**
   * For how long a server that does not answer any more is tried again, by calls that may be
   * repeated, by watches and by workers; a minute unless set, zero not at all. A server that was
   * not there in the first place is not waited for.
   */
  public ShadowIndexClientBuilder patience(Duration time) {
    if (time.isNegative()) {
      throw new IllegalArgumentException("Patience cannot be negative.");
    }
    limits = new Limits(limits.call(), limits.reading(), time, limits.heartbeat());
    return this;
  }

  /**
   * How often a {@link WorkerSession} says that it is alive while its worker reports nothing; 20
   * seconds unless set. Must be well below the server's worker lease, a minute by default; longer
   * than that, only reports of the worker itself count.
   */
  public ShadowIndexClientBuilder heartbeat(Duration time) {
    limits = new Limits(limits.call(), limits.reading(), limits.patience(), positive(time));
    return this;
  }

  /**
   * After how long without a sign of the server it is asked for one, during calls and watches; a
   * minute unless set. Servers end connections on which they are asked more often than every 10
   * seconds.
   *
   * @param time 10 seconds or more
   */
  public ShadowIndexClientBuilder keepAlive(Duration time) {
    if (time.compareTo(Duration.ofSeconds(10)) < 0) {
      throw new IllegalArgumentException("Keep-alive must be 10 seconds or more.");
    }
    keepAlive = time;
    return this;
  }

  /** Names the program to the server, before the library's own name and version. */
  public ShadowIndexClientBuilder userAgent(String name) {
    userAgent = name + " ";
    return this;
  }

  /**
   * Reads the files and prepares the connection; the first call opens it.
   *
   * @throws IllegalArgumentException when a file cannot be read or is not what it should be, or the
   *     settings contradict each other; the message says so in one sentence
   */
  public ShadowIndexClient build() {
    if (plaintext && tls) {
      throw new IllegalArgumentException("A connection is either plaintext or TLS, not both.");
    }
    boolean secured = tls || !(plaintext || address.isLoopback());
    if (token != null && !secured && !address.isLoopback()) {
      throw new IllegalArgumentException(
          "A token is not sent in plaintext to another machine (" + address + ").");
    }
    return new ShadowIndexClient(new Connection(channel(secured), address, secured, limits));
  }

  private ManagedChannel channel(boolean secured) {
    ChannelCredentials credentials =
        secured ? tlsCredentials() : InsecureChannelCredentials.create();
    if (token != null) {
      credentials = CompositeChannelCredentials.create(credentials, new BearerToken(token));
    }
    ManagedChannelBuilder<?> builder = builder(credentials);
    if (serverName != null) {
      builder.overrideAuthority(serverName);
    }
    return builder
        .keepAliveTime(keepAlive.toMillis(), TimeUnit.MILLISECONDS)
        .userAgent(userAgent + "shadowindex-java/" + ShadowIndexClient.version())
        .build();
  }

  private ManagedChannelBuilder<?> builder(ChannelCredentials credentials) {
    try {
      return Grpc.newChannelBuilderForAddress(address.host(), address.port(), credentials);
    } catch (IllegalArgumentException e) { // the certificates have been looked at before
      throw new IllegalArgumentException(
          key + " holds no private key that can be used: it must be PEM, PKCS #8, not encrypted.",
          e);
    }
  }

  private ChannelCredentials tlsCredentials() {
    TlsChannelCredentials.Builder builder = TlsChannelCredentials.newBuilder();
    try {
      if (authorities != null) {
        builder.trustManager(certificates(authorities));
      }
      if (certificates != null && key != null) {
        builder.keyManager(certificates(certificates), new ByteArrayInputStream(read(key)));
      }
    } catch (IOException e) {
      throw new IllegalArgumentException(String.valueOf(e.getMessage()), e);
    }
    return builder.build();
  }

  private static InputStream certificates(Path file) throws IOException {
    byte[] bytes = read(file);
    try {
      if (!CertificateFactory.getInstance("X.509")
          .generateCertificates(new ByteArrayInputStream(bytes))
          .isEmpty()) {
        return new ByteArrayInputStream(bytes);
      }
    } catch (CertificateException e) {
      throw new IOException(file + " holds something else than certificates (PEM).", e);
    }
    throw new IOException(file + " holds no certificate (PEM).");
  }

  private static byte[] read(Path file) throws IOException {
    try {
      return Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      throw new IOException("There is no file " + file + ".", e);
    } catch (IOException e) {
      throw new IOException("The file " + file + " cannot be read.", e);
    }
  }

  private static Duration positive(Duration deadline) {
    if (!deadline.isPositive()) {
      throw new IllegalArgumentException("A deadline or an interval must be longer than nothing.");
    }
    return deadline;
  }
}
