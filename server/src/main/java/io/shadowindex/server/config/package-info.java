/**
 * What the server is told at its start: parsed and checked once, all mistakes reported together.
 */
@NullMarked
package io.shadowindex.server.config;

import org.jspecify.annotations.NullMarked;
