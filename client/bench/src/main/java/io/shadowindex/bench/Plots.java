package io.shadowindex.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;
import org.knowm.xchart.style.Styler.LegendPosition;

/** Bar charts of a section's figures: a group of bars for each load, a colour for each subject. */
final class Plots {

  private static final int WIDTH = 900;
  private static final int HEIGHT = 420;

  private Plots() {}

  /** The name of a chart's file. */
  static String file(Section section, String figure) {
    return "%s-%s.svg".formatted(section.id(), figure.replaceAll("[^A-Za-z0-9]+", "-"));
  }

  /** Draws every figure of the section that is to be drawn and was measured. */
  static void write(Section section, Path directory) throws IOException {
    for (String figure : section.plots()) {
      if (section.table().figures().contains(figure)) {
        VectorGraphicsEncoder.saveVectorGraphic(
            chart(section, figure),
            directory.resolve(file(section, figure)).toString(),
            VectorGraphicsFormat.SVG);
      }
    }
  }

  private static CategoryChart chart(Section section, String figure) {
    Set<String> loads = new LinkedHashSet<>();
    Set<String> subjects = new LinkedHashSet<>();
    section
        .table()
        .rows()
        .forEach(
            (row, figures) -> {
              if (figures.containsKey(figure)) {
                loads.add(row.load());
                subjects.add(row.subject());
              }
            });
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(section.title())
            .yAxisTitle(figure)
            .build();
    chart.getStyler().setLegendPosition(LegendPosition.OutsideS);
    chart.getStyler().setPlotGridVerticalLinesVisible(false);
    chart.getStyler().setLabelsVisible(true);
    for (String subject : subjects) {
      List<Number> values = new ArrayList<>();
      for (String load : loads) {
        OptionalDouble median = section.table().median(subject, load, figure);
        values.add(median.isPresent() ? median.getAsDouble() : 0);
      }
      var _ = chart.addSeries(subject, List.copyOf(loads), values);
    }
    return chart;
  }
}
