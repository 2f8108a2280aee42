package io.presence.standalone;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "io.presence", importOptions = ImportOption.DoNotIncludeTests.class)
final class ArchitectureTest {
  @ArchTest
  static final ArchRule nobodyNeedsStandalone =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.presence.standalone..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.presence.standalone..");

  @ArchTest
  static final ArchRule theBrokerIsInOneClass =
      classes()
          .that()
          .resideInAnyPackage("io.presence..")
          .and()
          .doNotHaveSimpleName("EmbeddedKafka")
          .should()
          .onlyDependOnClassesThat()
          .resideOutsideOfPackages("kafka..", "org.apache.kafka.metadata..");
}
