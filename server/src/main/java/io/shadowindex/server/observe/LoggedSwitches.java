package io.shadowindex.server.observe;

import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.switchover.SwitchOutcome;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.switchover.SwitchStore.Change;
import java.io.IOException;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.slf4j.event.Level;

/** Logs how switches end; what is logged meanwhile, on whatever thread, says for which build. */
public final class LoggedSwitches implements SwitchStep.Observer {

  private static final Logger log = LoggerFactory.getLogger(LoggedSwitches.class);

  private final SwitchStep.Observer next;

  public LoggedSwitches(SwitchStep.Observer next) {
    this.next = next;
  }

  @Override
  public void before(SwitchStep step) {
    next.before(step);
  }

  @Override
  public <T> T during(UUID generationId, Change<T> change) throws IOException {
    Map<String, String> outer = context();
    MDC.put(ShadowIndex.ID_IN_LOG, generationId.toString());
    try {
      return next.during(generationId, change);
    } finally {
      MDC.setContextMap(outer);
    }
  }

  @Override
  public <T> Change<T> handedOver(Change<T> part) {
    Map<String, String> context = context();
    Change<T> inner = next.handedOver(part);
    return () -> {
      MDC.setContextMap(context);
      try {
        return inner.run();
      } finally {
        MDC.clear();
      }
    };
  }

  private static Map<String, String> context() {
    return Objects.requireNonNullElse(MDC.getCopyOfContextMap(), Map.of());
  }

  /** Takes the end of a switch or a rollback. */
  public static void ended(SwitchOutcome outcome) {
    IndexKey key = outcome.build().spec().key();
    try (var _ = MDC.putCloseable("revision", String.valueOf(outcome.build().revision()))) {
      log.atLevel(outcome.verified() ? Level.INFO : Level.WARN)
          .log(
              "{} {} {}: {}",
              key.branchName(),
              key.indexType(),
              key.indexName(),
              outcome.message());
    }
  }
}
