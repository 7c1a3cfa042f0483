package io.shadowindex.server.storage;

import java.time.Instant;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.impl.DSL;

/** The time by which locks expire, as an expression of SQL. Tests put another one in its place. */
@FunctionalInterface
interface DatabaseClock {

  /** The database's own time, of which several servers have only one. */
  DatabaseClock REAL = DSL::currentInstant;

  Field<Instant> now();

  /** The time as a value. */
  default Instant read(DSLContext query) {
    return query.select(now()).fetchSingle().value1();
  }
}
