/** What an operator's tools ask: metrics, and whether the server lives and is ready. */
@NullMarked
package io.shadowindex.server.observe;

import org.jspecify.annotations.NullMarked;
