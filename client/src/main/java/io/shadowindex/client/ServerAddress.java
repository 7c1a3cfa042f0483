package io.shadowindex.client;

import java.net.InetAddress;

/**
 * Where a server listens.
 *
 * @param host a host name or an address; IPv6 addresses without brackets
 * @param port 1 to 65535
 */
public record ServerAddress(String host, int port) {

  /** Refuses what cannot be connected to, with an {@link IllegalArgumentException}. */
  public ServerAddress {
    if (host.isBlank() || port < 1 || port > 65535) {
      throw new IllegalArgumentException("A server address needs a host and a port of 1 to 65535.");
    }
  }

  /**
   * Reads {@code HOST:PORT}; an IPv6 address stands in brackets, as in {@code [::1]:50051}.
   *
   * @throws IllegalArgumentException when the text is anything else; the message says so in one
   *     sentence
   */
  public static ServerAddress parse(String text) {
    int colon = text.lastIndexOf(':');
    String host = text.substring(0, Math.max(colon, 0));
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    if (host.isBlank() || (host.contains(":") && !bracketed)) {
      throw new IllegalArgumentException("'" + text + "' is not HOST:PORT.");
    }
    try {
      int port = Integer.parseInt(text.substring(colon + 1));
      return new ServerAddress(bracketed ? host.substring(1, host.length() - 1) : host, port);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("'" + text + "' is not HOST:PORT.", e);
    }
  }

  /** Whether it is this machine's own, by name or number; no name is looked up. */
  boolean isLoopback() {
    if (host.equalsIgnoreCase("localhost")) {
      return true;
    }
    try {
      return InetAddress.ofLiteral(host).isLoopbackAddress();
    } catch (IllegalArgumentException e) {
      return false; // a name
    }
  }

  /** The form that {@link #parse} reads. */
  @Override
  public String toString() {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }
}
