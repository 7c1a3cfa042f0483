/** What several tests use: a real server on loopback, builds to try things with, a clock to set. */
@NullMarked
package io.shadowindex.server.testing;

import org.jspecify.annotations.NullMarked;
