package io.shadowindex.server.testing;

import io.shadowindex.server.index.FileOperations;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.FileSystemException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A disk of which every single operation can be made to fail, those included that {@link
 * FileOperations} does not have yet. Calls are counted from 0 from the last {@link #heal} on.
 */
public final class DiskFaults {

  private final FileOperations real = FileOperations.real();
  private final FileOperations files =
      (FileOperations)
          Proxy.newProxyInstance(
              FileOperations.class.getClassLoader(),
              new Class<?>[] {FileOperations.class},
              (InvocationHandler) this::invoke);
  private final List<String> calls = new ArrayList<>();
  private @Nullable Fault fault;
  private int failingCall;

  /** How a call goes wrong. */
  public enum Fault {
    /** ENOSPC: nothing was done. */
    DISK_FULL("No space left on device", false, false),
    /** EIO, although it was done. */
    IO_ERROR("Input/output error", true, false),
    /** EROFS from this call on: what a file system does after an error of its disk. */
    READ_ONLY("Read-only file system", false, true);

    private final String reason;
    private final boolean afterwards;
    private final boolean forGood;

    Fault(String reason, boolean afterwards, boolean forGood) {
      this.reason = reason;
      this.afterwards = afterwards;
      this.forGood = forGood;
    }
  }

  public FileOperations files() {
    return files;
  }

  /** Makes that call fail, counted from now on. */
  public synchronized void fail(int call, Fault how) {
    calls.clear();
    failingCall = call;
    fault = how;
  }

  /** Lets everything succeed from now on, and counts from 0. */
  public synchronized void heal() {
    calls.clear();
    fault = null;
  }

  /** The calls since the last {@link #heal} or {@link #fail}. */
  public synchronized List<String> calls() {
    return List.copyOf(calls);
  }

  private @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments)
      throws Throwable {
    if (method.isDefault()) { // made of other operations, which are counted themselves
      return InvocationHandler.invokeDefault(proxy, method, arguments);
    }
    Fault due = due(method.getName());
    if (due != null && !due.afterwards) {
      throw failure(due, arguments);
    }
    Object result = pass(method, arguments);
    if (due != null) {
      throw failure(due, arguments);
    }
    return result;
  }

  private synchronized @Nullable Fault due(String name) {
    int call = calls.size();
    calls.add(name);
    return fault != null && (call == failingCall || (fault.forGood && call > failingCall))
        ? fault
        : null;
  }

  private @Nullable Object pass(Method method, Object @Nullable [] arguments) throws Throwable {
    try {
      return method.invoke(real, arguments);
    } catch (InvocationTargetException e) {
      throw Objects.requireNonNull(e.getCause());
    }
  }

  private static IOException failure(Fault fault, Object @Nullable [] arguments) {
    String file = arguments == null ? "" : String.valueOf(arguments[0]);
    return new FileSystemException(file, null, fault.reason);
  }
}
