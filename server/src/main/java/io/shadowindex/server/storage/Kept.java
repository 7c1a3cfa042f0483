package io.shadowindex.server.storage;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Param;
import org.jooq.Query;
import org.jooq.Record;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/**
 * A statement of nearly every transaction, written as an expression of jOOQ but rendered only once:
 * to render it anew takes as long as H2 takes to carry it out. H2 has it parsed, too, since its
 * text stays the same.
 *
 * @param <V> what its values are taken from
 */
final class Kept<V> {

  private static final String NAME = "place";
  private static final Pattern PLACE = Pattern.compile(":" + NAME + "(\\d+)");

  private final String sql;
  private final List<Value<V, ?>> values;
  private final Field<?>[] answered;

  /** How a value of a statement is taken from what has all of them. */
  @FunctionalInterface
  interface Value<V, T> {
    @Nullable T of(V from);
  }

  /** Where the values of a statement go. */
  static final class Places<V> {

    private final List<Value<V, ?>> values = new ArrayList<>();

    /** Stands for a value of that field. */
    <T> Param<T> of(Field<T> field, Value<V, T> value) {
      values.add(value);
      return DSL.param(NAME + (values.size() - 1), field);
    }
  }

  /**
   * Renders a statement.
   *
   * @param answered the columns of its rows, if it has any
   */
  Kept(Function<Places<V>, ? extends Query> statement, Field<?>... answered) {
    var places = new Places<V>();
    Query query = statement.apply(places);
    DSLContext renderer = DSL.using(H2Database.DIALECT, H2Database.SETTINGS);
    Matcher named = PLACE.matcher(renderer.renderNamedParams(query));
    values =
        named
            .results()
            .<Value<V, ?>>map(place -> places.values.get(Integer.parseInt(place.group(1))))
            .toList();
    sql = named.replaceAll("?");
    this.answered = answered;
    if (renderer.extractBindValues(query).size() != values.size()) {
      throw new IllegalArgumentException("a constant is not inlined: " + sql);
    }
  }

  /** Carries it out and answers how many rows it changed. */
  int execute(DSLContext transaction, V from) {
    return carryOut(transaction, from, PreparedStatement::executeUpdate);
  }

  /** Carries it out and answers its only row, if there is one. */
  Optional<Record> fetch(DSLContext transaction, V from) {
    return carryOut(
        transaction,
        from,
        statement -> {
          try (ResultSet rows = statement.executeQuery()) {
            return Optional.ofNullable(transaction.fetchOne(rows, answered));
          }
        });
  }

  private interface Execution<T> {
    T of(PreparedStatement statement) throws SQLException;
  }

  private <T> T carryOut(DSLContext transaction, V from, Execution<T> execution) {
    return transaction.connectionResult(
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.size(); i++) {
              statement.setObject(i + 1, values.get(i).of(from));
            }
            return execution.of(statement);
          }
        });
  }
}
