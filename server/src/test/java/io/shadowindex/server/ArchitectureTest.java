package io.shadowindex.server;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The map of the server for newcomers: which package may know of which. */
final class ArchitectureTest {

  private static final String ROOT = "io.shadowindex.server";

  private final JavaClasses server =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages(ROOT);

  @Test
  void dependenciesRunFromTheEdgesToTheDomain() {
    layeredArchitecture()
        .consideringOnlyDependenciesInAnyPackage(ROOT + "..")
        .layer("composition")
        .definedBy(ROOT)
        .layer("grpc")
        .definedBy(ROOT + ".grpc")
        .layer("storage")
        .definedBy(ROOT + ".storage")
        .layer("config")
        .definedBy(ROOT + ".config")
        .layer("watch")
        .definedBy(ROOT + ".watch")
        .layer("lock")
        .definedBy(ROOT + ".lock")
        .layer("switchover")
        .definedBy(ROOT + ".switchover")
        .layer("build")
        .definedBy(ROOT + ".build")
        .layer("index")
        .definedBy(ROOT + ".index")
        .layer("lucene")
        .definedBy(ROOT + ".lucene")
        .layer("request")
        .definedBy(ROOT + ".request")
        .layer("audit")
        .definedBy(ROOT + ".audit")
        .layer("backup")
        .definedBy(ROOT + ".backup")
        .layer("observe")
        .definedBy(ROOT + ".observe")
        .layer("access")
        .definedBy(ROOT + ".access")
        .layer("refusal")
        .definedBy(ROOT + ".refusal")
        .whereLayer("composition")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("grpc")
        .mayOnlyBeAccessedByLayers("composition")
        .whereLayer("storage")
        .mayOnlyBeAccessedByLayers("composition")
        .whereLayer("config")
        .mayOnlyBeAccessedByLayers("composition")
        .whereLayer("watch")
        .mayOnlyBeAccessedByLayers("composition", "grpc", "storage")
        .whereLayer("lock")
        .mayOnlyBeAccessedByLayers("composition", "grpc", "storage", "switchover")
        .whereLayer("switchover")
        .mayOnlyBeAccessedByLayers("composition", "grpc", "storage", "observe")
        .whereLayer("build")
        .mayOnlyBeAccessedByLayers(
            "composition", "grpc", "storage", "watch", "switchover", "observe")
        .whereLayer("index")
        .mayOnlyBeAccessedByLayers(
            "composition", "grpc", "storage", "switchover", "build", "lucene", "observe")
        .whereLayer("request")
        .mayOnlyBeAccessedByLayers("composition", "grpc", "storage", "audit")
        .whereLayer("audit")
        .mayOnlyBeAccessedByLayers("composition", "grpc", "storage")
        .whereLayer("backup")
        .mayOnlyBeAccessedByLayers("composition", "grpc", "storage")
        .whereLayer("observe")
        .mayOnlyBeAccessedByLayers("composition")
        .whereLayer("access")
        .mayOnlyBeAccessedByLayers("composition", "grpc")
        .whereLayer("lucene")
        .mayNotBeAccessedByAnyLayer()
        .check(server);
  }

  @Test
  void onlyTheEdgeKnowsGrpcAndGeneratedMessages() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + ".grpc")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.grpc..", "io.shadowindex.v1..", "com.google..", "build.buf..")
        .check(server);
  }

  @Test
  void onlyTheStoreKnowsTheDatabase() {
    noClasses()
        .that()
        .resideOutsideOfPackages(ROOT + ".storage", ROOT + ".storage.schema..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.jooq..", "java.sql..", "javax.sql..", "org.h2..", "org.flywaydb..")
        .check(server);
  }

  @Test
  void onlyTheLuceneFormatKnowsLucene() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + ".lucene")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.apache.lucene..")
        .check(server);
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(server);
  }

  @Test
  void packagesAreTwoDeep() {
    classes()
        .that()
        .resideOutsideOfPackage(ROOT + ".storage.schema..")
        .should()
        .resideInAnyPackage(ROOT, ROOT + ".*")
        .check(server);
  }
}
