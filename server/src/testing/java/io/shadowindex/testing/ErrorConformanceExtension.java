package io.shadowindex.testing;

import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails the test, or the class, during which a server refused a call in another way than it has to.
 * JUnit finds it by itself, so that there is no test without it.
 */
public final class ErrorConformanceExtension implements AfterEachCallback, AfterAllCallback {

  private final ErrorConformance conformance = ErrorConformance.everywhere();

  @Override
  public void afterEach(ExtensionContext test) {
    conformance.assertConformed();
  }

  @Override
  public void afterAll(ExtensionContext tests) {
    conformance.assertConformed();
  }
}
