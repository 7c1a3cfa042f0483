package io.shadowindex.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What developers notice of a day of rebuilds, in three ways, as `shadowctl scenario` tells it. */
final class Scenarios implements Measure {

  /** The last columns of a row: writes, refused, and for how much of the day they could write. */
  private static final Pattern ROW =
      Pattern.compile("(?m)^(\\S.{21}) .*?([\\d,]+) +([\\d,]+) +(-?[\\d.]+)%$");

  @Override
  public String id() {
    return "scenarios";
  }

  @Override
  public Section run(Lab lab) throws Exception {
    var table = new Table();
    var texts = new ArrayList<String>();
    for (int developers : lab.plan().developers()) {
      String text = told(lab, lab.shadowIndex(), developers);
      texts.add(text.strip());
      add(table, "%d developers".formatted(developers), text);
    }
    return new Section(
        id(),
        "Developers blocked",
        "```\n%s\n```".formatted(String.join("\n\n", texts)),
        table,
        List.of(),
        List.of());
  }

  private static String told(Lab lab, ShadowIndexServer server, int developers)
      throws IOException, InterruptedException {
    Path said = lab.directory("scenarios").resolve("said");
    long seconds = 1 + 2 * lab.plan().round().toSeconds();
    var _ =
        Peer.seconds(
            said,
            lab.file("client/bin/shadowctl").toString(),
            "scenario",
            "--server",
            server.address(),
            "--developers",
            Integer.toString(developers),
            "--seconds",
            Long.toString(seconds));
    return Files.readString(said, UTF_8);
  }

  private static void add(Table table, String load, String text) {
    for (Matcher row = ROW.matcher(text); row.find(); ) {
      table
          .add(row.group(1).strip(), load, "writes", number(row.group(2)))
          .add(row.group(1).strip(), load, "refused at first", number(row.group(3)))
          .add(row.group(1).strip(), load, "writable %", number(row.group(4)));
    }
  }

  private static double number(String text) {
    return Double.parseDouble(text.replace(",", ""));
  }
}
