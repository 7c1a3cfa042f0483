package io.shadowindex.server.request;

import java.util.UUID;

/**
 * What makes two calls the same request.
 *
 * @param id the id that the client made up
 * @param principal who calls; empty when nobody was asked
 * @param method the RPC, without its service
 * @param digest SHA-256 of the request, in hexadecimal
 */
public record RequestKey(UUID id, String principal, String method, String digest) {}
