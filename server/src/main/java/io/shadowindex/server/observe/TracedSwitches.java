package io.shadowindex.server.observe;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.ContextKey;
import io.opentelemetry.context.Scope;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.switchover.SwitchStore.Change;
import java.io.IOException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/** Makes a span of each change of what is live, and in it one of each of its steps. */
public final class TracedSwitches implements SwitchStep.Observer {

  private static final ContextKey<Steps> STEPS = ContextKey.named("steps");

  private final SwitchStep.Observer next;
  private final Tracer tracer;

  public TracedSwitches(SwitchStep.Observer next, Tracer tracer) {
    this.next = next;
    this.tracer = tracer;
  }

  /**
   * The step that is under way in one change, on one thread at a time: each ends the one before.
   */
  private final class Steps {
    private @Nullable Span underWay;

    void begin(SwitchStep step) {
      end();
      underWay = tracer.spanBuilder(step.name()).startSpan();
    }

    void end() {
      if (underWay != null) {
        underWay.end();
      }
    }
  }

  @Override
  public void before(SwitchStep step) {
    Steps steps = Context.current().get(STEPS);
    if (steps != null) { // none in recovery, which nobody has asked for
      steps.begin(step);
    }
    next.before(step);
  }

  @Override
  public <T> T during(UUID generationId, Change<T> change) throws IOException {
    Span span =
        tracer
            .spanBuilder("change live index")
            .setAttribute("shadowindex.build_id", generationId.toString())
            .startSpan();
    var steps = new Steps();
    MDC.put("trace_id", span.getSpanContext().getTraceId());
    try (Scope _ = Context.current().with(span).with(STEPS, steps).makeCurrent()) {
      return next.during(generationId, change);
    } catch (IOException | RuntimeException | Error e) {
      span.setStatus(StatusCode.ERROR, e.toString());
      throw e;
    } finally {
      steps.end();
      span.end();
    }
  }

  @Override
  public <T> Change<T> handedOver(Change<T> part) {
    Context context = Context.current();
    Change<T> inner = next.handedOver(part);
    return () -> {
      try (Scope _ = context.makeCurrent()) {
        return inner.run();
      }
    };
  }
}
