package io.presence.streams;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(
    packages = "io.presence.streams",
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule theRulesKnowNoKafkaNoClockAndNoIo =
      classes()
          .that()
          .resideInAnyPackage("..streams.core..", "..streams.time..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "java.lang..",
              "java.util..",
              "java.time..",
              "org.jspecify..",
              "com.fasterxml.jackson.databind",
              "io.presence.schemas.channel..",
              "io.presence.schemas.event..",
              "io.presence.schemas.json..",
              "io.presence.schemas.presence..",
              "io.presence.schemas.settings..",
              "io.presence.streams.core..",
              "io.presence.streams.time..");

  @ArchTest
  static final ArchRule theRulesAskNoClock =
      noClasses()
          .that()
          .resideInAnyPackage("..streams.core..", "..streams.time..")
          .should()
          .callMethod(System.class, "currentTimeMillis")
          .orShould()
          .callMethod(System.class, "nanoTime")
          .orShould()
          .callMethod(java.time.Instant.class, "now");

  @ArchTest
  static final ArchRule theServerKnowsOnlyTheContracts =
      noClasses()
          .that()
          .resideInAPackage("..streams.server..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("..streams.core..", "..streams.store..", "org.apache.kafka..");

  @ArchTest
  static final ArchRule theAppDoesNotKnowTheGateway =
      noClasses().should().dependOnClassesThat().resideInAnyPackage("io.presence.gateway..");
}
