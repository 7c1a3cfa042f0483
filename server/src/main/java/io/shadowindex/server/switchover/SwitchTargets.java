package io.shadowindex.server.switchover;

import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.BuildStore;
import io.shadowindex.server.build.Lifecycle.Trigger;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.refusal.Refusal;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The generations that changes are about, looked up and refused before anything is locked. Each may
 * change at any moment afterwards; the intention looks again.
 */
final class SwitchTargets {

  private final BuildStore builds;

  SwitchTargets(BuildStore builds) {
    this.builds = builds;
  }

  /** A build that can be switched to. */
  ShadowIndex requireBuilt(UUID id) {
    ShadowIndex build = require(id);
    requireSource(build, Trigger.SWITCH);
    return build;
  }

  /**
   * What a rollback was asked for.
   *
   * @param replacing the generation that has to be the live one still, for a rollback to the one
   *     before it; null when it does not matter
   */
  record Rollback(ShadowIndex generation, @Nullable UUID replacing) {}

  Rollback rollbackTarget(RollbackRequest request) {
    IndexKey key = request.key();
    UUID named = request.generationId();
    if (named != null) {
      return builds
          .find(named)
          .filter(build -> build.spec().key().equals(key))
          .map(SwitchTargets::requireRetained)
          .map(build -> new Rollback(build, null))
          .orElseThrow(() -> new Refusal.BuildNotFound(named).exception());
    }
    ShadowIndex active = builds.findIndex(key, 0).orElseThrow(() -> indexNotFound(key)).active();
    return builds
        .previous(key)
        .map(previous -> new Rollback(previous, active == null ? null : active.id()))
        .orElseThrow(
            () ->
                new Refusal.NoPreviousGeneration(
                        key.branchName(), key.indexType().name(), key.indexName())
                    .exception());
  }

  /** A superseded generation that can be live again. */
  static ShadowIndex requireRetained(ShadowIndex build) {
    requireSource(build, Trigger.REINSTATED);
    if (!build.hasFiles()) {
      throw new Refusal.GenerationNotRetained(build.id()).exception();
    }
    return build;
  }

  /** The live generation of an index. */
  UUID requireActive(IndexKey key) {
    return builds
        .findIndex(key, 0)
        .map(BuildStore.IndexEntry::active)
        .map(ShadowIndex::id)
        .orElseThrow(() -> indexNotFound(key));
  }

  /** The live generation of the index that a build is of; null when there is none. */
  @Nullable ShadowIndex live(ShadowIndex build) {
    return builds.findIndex(build.spec().key(), 0).map(BuildStore.IndexEntry::active).orElse(null);
  }

  ShadowIndex require(UUID id) {
    return builds.find(id).orElseThrow(() -> new Refusal.BuildNotFound(id).exception());
  }

  private static void requireSource(ShadowIndex build, Trigger trigger) {
    if (!trigger.sources().contains(build.state())) {
      throw new Refusal.IllegalTransition(
              build.id(),
              trigger.verb(),
              build.state().name(),
              trigger.sources().stream().map(BuildState::name).toList())
          .exception();
    }
  }

  private static RuntimeException indexNotFound(IndexKey key) {
    return new Refusal.IndexNotFound(key.branchName(), key.indexType().name(), key.indexName())
        .exception();
  }
}
