/**
 * The Java client of ShadowIndex: a typed connection ({@link
 * io.shadowindex.client.ShadowIndexClient}), a worker's hold on one build ({@link
 * io.shadowindex.client.WorkerSession}), watches that survive restarts ({@link
 * io.shadowindex.client.BuildWatch}), a lease around a write ({@link
 * io.shadowindex.client.WriteGuard}) and one family of failures ({@link
 * io.shadowindex.client.ShadowIndexException}).
 *
 * <p>It needs gRPC and the generated messages and nothing else: the command line ({@code .cli}) and
 * the Lucene worker ({@code .lucene}) build on this package and never the other way round.
 */
@NullMarked
package io.shadowindex.client;

import org.jspecify.annotations.NullMarked;
