package io.shadowindex.client.examples;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.client.TokenSource;
import io.shadowindex.v1.Index;
import io.shadowindex.v1.ListIndexesRequest;
import java.nio.file.Path;
import java.util.List;

/** A connection over TLS, with a token. */
public final class ConnectExample {
  private ConnectExample() {}

  public static List<Index> indexes(String address, Path authorities, Path tokenFile) {
    // @start region="example"
    try (ShadowIndexClient client =
        ShadowIndexClient.builder(address) // "index.example:443"
            .authorities(authorities)
            .token(TokenSource.file(tokenFile))
            .userAgent("nightly-rebuild/1.4")
            .build()) {
      return client.listIndexes(ListIndexesRequest.getDefaultInstance()).getIndexesList();
    }
    // @end
  }
}
