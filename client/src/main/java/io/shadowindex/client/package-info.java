/**
 * The Java client of ShadowIndex: a typed connection ({@link
 * io.shadowindex.client.ShadowIndexClient}), a worker's hold on one build ({@link
 * io.shadowindex.client.WorkerSession}), a watch ({@link io.shadowindex.client.BuildWatch}) and the
 * reason of a refusal ({@link io.shadowindex.client.Refusal}).
 *
 * <p>It needs gRPC and the generated messages and nothing else: the command line ({@code .cli}) and
 * the Lucene worker ({@code .lucene}) build on this package and never the other way round.
 */
@NullMarked
package io.shadowindex.client;

import org.jspecify.annotations.NullMarked;
