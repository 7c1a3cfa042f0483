package io.shadowindex.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ServerAddressTest {

  @Test
  void readsAHostAndAPort() {
    assertThat(ServerAddress.parse("localhost:50051"))
        .isEqualTo(new ServerAddress("localhost", 50051));
  }

  @Test
  void readsAnIpv6AddressInBrackets() {
    assertThat(ServerAddress.parse("[::1]:50051")).isEqualTo(new ServerAddress("::1", 50051));
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost:50051", "[::1]:50051", "10.0.0.1:1"})
  void printsWhatItReads(String text) {
    assertThat(ServerAddress.parse(text)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "localhost", ":50051", "localhost:", "localhost:x", "::1:50051", "[]:1"})
  void refusesWhatIsNotHostAndPort(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> ServerAddress.parse(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost:0", "localhost:65536", "localhost:-1"})
  void refusesPortsThatDoNotExist(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ServerAddress.parse(text))
        .withMessageContaining("1 to 65535");
  }
}
