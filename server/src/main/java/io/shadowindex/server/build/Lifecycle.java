package io.shadowindex.server.build;

import static io.shadowindex.server.build.BuildState.ACTIVE;
import static io.shadowindex.server.build.BuildState.BUILDING;
import static io.shadowindex.server.build.BuildState.BUILT;
import static io.shadowindex.server.build.BuildState.CANCELLED;
import static io.shadowindex.server.build.BuildState.CLEANUP;
import static io.shadowindex.server.build.BuildState.FAILED;
import static io.shadowindex.server.build.BuildState.PREPARING;
import static io.shadowindex.server.build.BuildState.SWITCHING;

import java.util.Arrays;
import java.util.List;

/**
 * The table of all transitions. Nothing else says which state may follow which: the store consults
 * it before each change, and the diagram in the documentation is generated from it.
 */
public final class Lifecycle {

  private static final List<Row> ROWS =
      List.of(
          new Row(PREPARING, BUILDING, Trigger.DIRECTORY_CREATED),
          new Row(PREPARING, FAILED, Trigger.FAIL),
          new Row(PREPARING, CANCELLED, Trigger.CANCEL),
          new Row(BUILDING, BUILT, Trigger.COMPLETE),
          new Row(BUILDING, FAILED, Trigger.FAIL),
          new Row(BUILDING, CANCELLED, Trigger.CANCEL),
          new Row(BUILT, SWITCHING, Trigger.SWITCH),
          new Row(BUILT, CANCELLED, Trigger.CANCEL),
          new Row(SWITCHING, ACTIVE, Trigger.SWITCHED),
          new Row(SWITCHING, BUILT, Trigger.SWITCH_ABORTED),
          new Row(SWITCHING, FAILED, Trigger.ROLLED_BACK),
          new Row(ACTIVE, CLEANUP, Trigger.SUPERSEDED),
          new Row(ACTIVE, CLEANUP, Trigger.REMOVED),
          new Row(CLEANUP, ACTIVE, Trigger.REINSTATED),
          new Row(FAILED, PREPARING, Trigger.RETRY),
          new Row(FAILED, CANCELLED, Trigger.CANCEL));

  private Lifecycle() {}

  /** One permitted change of state and what brings it about. */
  public record Row(BuildState from, BuildState to, Trigger trigger) {}

  /** What moves a build from one state to the next. */
  public enum Trigger {
    DIRECTORY_CREATED("prepare", "the directory was created"),
    COMPLETE("complete", "CompleteBuild; files checked, manifest written"),
    FAIL(
        "fail",
        "FailBuild; workers silent past the stale limit; the server died while preparing; the disk"
            + " failed in CompleteBuild"),
    RETRY("retry", "RetryBuild"),
    CANCEL("cancel", "CancelBuild"),
    SWITCH("switch", "SwitchIndex; the lock is held from here"),
    SWITCHED("commit the switch of", "flipped and verified"),
    SWITCH_ABORTED("abort the switch of", "an error or a crash before the flip; nothing changed"),
    ROLLED_BACK("roll back the switch of", "verification failed; the old generation is live again"),
    SUPERSEDED("supersede", "another generation became active"),
    REMOVED("remove", "DeleteIndex"),
    REINSTATED("roll back to", "RollbackIndex, while its files are kept");

    private final String verb;
    private final String meaning;

    Trigger(String verb, String meaning) {
      this.verb = verb;
      this.meaning = meaning;
    }

    /** What is done to a build, for messages: "cannot complete build …". */
    public String verb() {
      return verb;
    }

    /** What brings it about, for the documentation. */
    public String meaning() {
      return meaning;
    }

    /** The states in which this can happen. */
    public List<BuildState> sources() {
      return ROWS.stream().filter(row -> row.trigger == this).map(Row::from).toList();
    }

    /** The state this leads to. */
    public BuildState target() {
      return ROWS.stream().filter(row -> row.trigger == this).findFirst().orElseThrow().to;
    }
  }

  /** All rows, in the order of the lifecycle. */
  public static List<Row> rows() {
    return ROWS;
  }

  /** The table as a Mermaid state diagram. */
  public static String diagram() {
    var text = new StringBuilder("stateDiagram-v2\n    [*] --> PREPARING: StartBuild\n");
    for (Row row : ROWS) {
      text.append("    %s --> %s: %s\n".formatted(row.from, row.to, row.trigger.meaning));
    }
    Arrays.stream(BuildState.values())
        .filter(state -> ROWS.stream().noneMatch(row -> row.from == state))
        .forEach(state -> text.append("    %s --> [*]\n".formatted(state)));
    return text.toString();
  }
}
