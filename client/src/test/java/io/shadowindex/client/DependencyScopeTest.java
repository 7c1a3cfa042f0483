package io.shadowindex.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** What somebody who depends on the client library gets with it. */
final class DependencyScopeTest {

  @Test
  void usersOfTheLibraryGetTheContractAndATransportOnly() throws Exception {
    assertThat(handedOn())
        .containsExactlyInAnyOrder("shadowindex-proto", "grpc-netty-shaded", "jspecify");
  }

  /** The artifacts in this module's POM that are neither optional nor for tests. */
  private static List<String> handedOn() throws Exception {
    Document pom =
        DocumentBuilderFactory.newDefaultInstance()
            .newDocumentBuilder()
            .parse(Path.of("pom.xml").toFile());
    NodeList dependencies = pom.getElementsByTagName("dependency");
    List<String> names = new ArrayList<>();
    for (int i = 0; i < dependencies.getLength(); i++) {
      Element dependency = (Element) dependencies.item(i);
      if (!text(dependency, "optional").equals("true")
          && !text(dependency, "scope").equals("test")) {
        names.add(text(dependency, "artifactId"));
      }
    }
    return names;
  }

  private static String text(Element dependency, String name) {
    NodeList found = dependency.getElementsByTagName(name);
    return found.getLength() == 0 ? "" : found.item(0).getTextContent();
  }
}
