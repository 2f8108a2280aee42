package io.presence.gateway;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(
    packages = "io.presence.gateway",
    importOptions = ImportOption.DoNotIncludeTests.class)
final class ArchitectureTest {
  @ArchTest
  static final ArchRule nothingOfTheStreams =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.presence.streams..", "org.apache.kafka.streams..");

  @ArchTest
  static final ArchRule javalinInHttpOnly =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.presence.gateway.http")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.javalin..", "jakarta.servlet..");

  @ArchTest
  static final ArchRule jettyAtTheEdgeOnly =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "io.presence.gateway.http",
              "io.presence.gateway.socket",
              "io.presence.gateway.lookup")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.eclipse.jetty..");

  @ArchTest
  static final ArchRule kafkaInWriteOnly =
      noClasses()
          .that()
          .resideInAnyPackage(
              "io.presence.gateway.http..",
              "io.presence.gateway.lookup..",
              "io.presence.gateway.auth..",
              "io.presence.gateway.limit..",
              "io.presence.gateway.socket..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.kafka..");

  @ArchTest
  static final ArchRule edgesKnowNothingOfHttp =
      noClasses()
          .that()
          .resideInAnyPackage(
              "io.presence.gateway.auth..",
              "io.presence.gateway.limit..",
              "io.presence.gateway.write..",
              "io.presence.gateway.lookup..",
              "io.presence.gateway.live..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.presence.gateway.http..", "io.presence.gateway.socket..");
}
