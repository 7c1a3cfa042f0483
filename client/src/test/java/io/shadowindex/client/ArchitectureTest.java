package io.shadowindex.client;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Which package of the client may know of which. */
final class ArchitectureTest {

  private static final String LIBRARY = "io.shadowindex.client";
  private static final String LUCENE = LIBRARY + ".lucene";
  private static final String CLI = LIBRARY + ".cli";

  private final JavaClasses client =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages(LIBRARY);

  @Test
  void theLibraryNeedsGrpcAndTheContractOnly() {
    classes()
        .that()
        .resideInAPackage(LIBRARY)
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "javax.net.ssl",
            "io.grpc..",
            "com.google.protobuf",
            "com.google.rpc",
            "io.shadowindex.v1",
            "org.jspecify.annotations",
            LIBRARY)
        .check(client);
  }

  @Test
  void theLibraryKnowsNeitherTheCommandLineNorLucene() {
    noClasses()
        .that()
        .resideInAPackage(LIBRARY)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("picocli..", "org.apache.lucene..", CLI, LUCENE)
        .check(client);
  }

  @Test
  void theLuceneWorkerDoesNotKnowTheCommandLine() {
    noClasses()
        .that()
        .resideInAPackage(LUCENE)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("picocli..", CLI)
        .check(client);
  }

  @Test
  void onlyTheLuceneWorkerTouchesLucene() {
    noClasses()
        .that()
        .resideOutsideOfPackage(LUCENE)
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.apache.lucene..")
        .check(client);
  }

  @Test
  void thereAreNoOtherPackages() {
    classes().should().resideInAnyPackage(LIBRARY, LUCENE, CLI).check(client);
  }
}
