package io.shadowindex.server.observe;

import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.net.URI;
import java.util.concurrent.TimeUnit;

/**
 * Spans of what the server does, sent to a collector in the background, as OTLP over HTTP. Spans
 * that a collector does not take in time are lost; no call waits for it.
 */
public final class Traces implements AutoCloseable {

  private static final String NAME = "shadowindex";
  private static final int CLOSING_SECONDS = 2;

  private final SdkTracerProvider provider;

  /**
   * Begins.
   *
   * @param collector where its paths begin
   * @param ratio how many of the traces that begin here are recorded, 0 to 1; whether others are is
   *     decided where they begin
   */
  public Traces(URI collector, double ratio) {
    String endpoint = collector.toString().replaceFirst("/$", "") + "/v1/traces";
    this.provider =
        SdkTracerProvider.builder()
            .setResource(Resource.getDefault().toBuilder().put("service.name", NAME).build())
            .setSampler(Sampler.parentBased(Sampler.traceIdRatioBased(ratio)))
            .addSpanProcessor(
                BatchSpanProcessor.builder(
                        OtlpHttpSpanExporter.builder().setEndpoint(endpoint).build())
                    .build())
            .build();
  }

  public Tracer tracer() {
    return provider.get(NAME);
  }

  /** Sends what is left, for two seconds at most. */
  @Override
  public void close() {
    provider.shutdown().join(CLOSING_SECONDS, TimeUnit.SECONDS);
  }
}
