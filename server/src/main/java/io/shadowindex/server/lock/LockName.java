package io.shadowindex.server.lock;

import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * What a lock covers: a branch, some resource types of it, or one resource. A name covers what lies
 * below it: a branch its types, a type its resources.
 *
 * @param resourceTypes sorted and different; empty for the whole branch
 * @param resourceId one resource of the only type; empty for all
 */
public record LockName(String branchName, List<String> resourceTypes, String resourceId) {

  public LockName {
    resourceTypes = resourceTypes.stream().sorted().distinct().toList();
    if (!resourceId.isEmpty() && resourceTypes.size() != 1) {
      throw new IllegalArgumentException("a resource has one type");
    }
  }

  public static LockName branch(String branchName) {
    return new LockName(branchName, List.of(), "");
  }

  /** Resource types of a branch, at least one. */
  public static LockName resourceTypes(String branchName, Collection<String> resourceTypes) {
    if (resourceTypes.isEmpty()) {
      throw new IllegalArgumentException("no resource type");
    }
    return new LockName(branchName, List.copyOf(resourceTypes), "");
  }

  public static LockName resource(String branchName, String resourceType, String resourceId) {
    return new LockName(branchName, List.of(resourceType), resourceId);
  }

  public LockScope scope() {
    if (resourceTypes.isEmpty()) {
      return LockScope.BRANCH;
    }
    return resourceId.isEmpty() ? LockScope.RESOURCE_TYPE : LockScope.RESOURCE;
  }

  /** Whether there is anything that both cover. */
  public boolean overlaps(LockName other) {
    return branchName.equals(other.branchName)
        && (resourceTypes.isEmpty()
            || other.resourceTypes.isEmpty()
            || resourceTypes.stream().anyMatch(other.resourceTypes::contains))
        && (resourceId.isEmpty()
            || other.resourceId.isEmpty()
            || resourceId.equals(other.resourceId));
  }

  /** Whether it covers all that the other one does. */
  public boolean covers(LockName other) {
    return branchName.equals(other.branchName)
        && (resourceTypes.isEmpty()
            || (!other.resourceTypes.isEmpty()
                && resourceTypes.containsAll(other.resourceTypes)
                && (resourceId.isEmpty() || resourceId.equals(other.resourceId))));
  }

  /** The part of it that is on these resource types. */
  LockName only(Set<String> types) {
    return new LockName(
        branchName, resourceTypes.stream().filter(types::contains).toList(), resourceId);
  }

  /** As people say it: {@code object_type in branch main}. */
  @Override
  public String toString() {
    return switch (scope()) {
      case BRANCH -> "branch " + branchName;
      case RESOURCE_TYPE -> String.join(", ", resourceTypes) + " in branch " + branchName;
      case RESOURCE ->
          "%s of %s in branch %s".formatted(resourceId, resourceTypes.getFirst(), branchName);
    };
  }
}
