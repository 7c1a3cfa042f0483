/** Tests of the audit log's file. */
@NullMarked
package io.shadowindex.server.audit;

import org.jspecify.annotations.NullMarked;
