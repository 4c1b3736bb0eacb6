"""pom.xml: coordinates, properties, scopes, and documents that mean harm."""

from __future__ import annotations

import time

import pytest
from support.manifests import edited, told

from releasepilot.errors import ManifestError
from releasepilot.model.catalog import Ecosystem
from releasepilot.versioning.ecosystems import MANIFESTS

MAVEN = MANIFESTS[Ecosystem.MAVEN]

POM = """\
<?xml version="1.0" encoding="UTF-8"?>
<!-- <project><version>0</version></project> -->
<project xmlns="http://maven.apache.org/POM/4.0.0" title='>'>\r
  <parent>
    <groupId>org.acme</groupId><artifactId>parent</artifactId><version>7</version>
    <relativePath/>
  </parent>
  <artifactId> web </artifactId>
  <version>${revision}</version>
  <name>Ünïcödé 😀 &amp; more</name>
  <properties>
    <revision>1.2.3-SNAPSHOT</revision>
    <core.version><!-- kept --> 1.0.0 </core.version>
    <alias>${core.version}</alias>
  </properties>
  <dependencyManagement><dependencies>
    <dependency><groupId>org.acme</groupId><artifactId>bom</artifactId><version>[1.0,2.0)</version>
      <type>pom</type><scope>import</scope></dependency>
  </dependencies></dependencyManagement>
  <dependencies>
    <dependency>
      <groupId>${project.groupId}</groupId><artifactId>core</artifactId><version>${core.version}</version>
      <exclusions><exclusion><groupId>org.acme</groupId><artifactId>tools</artifactId></exclusion></exclusions>
    </dependency>
    <dependency><groupId>org.acme</groupId><artifactId>core</artifactId><version>${alias}</version>
      <classifier>tests</classifier><scope>test</scope></dependency>
    <dependency><groupId>org.acme</groupId><artifactId>tools</artifactId><version><![CDATA[2.0]]></version>
      <optional>true</optional></dependency>
    <dependency><groupId>org.acme</groupId><artifactId>api</artifactId><version>${project.version}</version>
      <scope>provided</scope></dependency>
    <dependency><groupId>org.acme</groupId><artifactId>sibling</artifactId><version>${revision}</version></dependency>
    <dependency><groupId>org.acme</groupId><artifactId>managed</artifactId></dependency>
    <dependency><groupId>org.acme</groupId><artifactId>far</artifactId><version>${of.the.parent}</version></dependency>
  </dependencies>
  <build><plugins>
    <plugin><artifactId>maven-jar-plugin</artifactId><version>3.4.0</version>
      <configuration><version>1.0.0</version></configuration></plugin>
  </plugins></build>
  <profiles><profile><id>ci</id><dependencies>
    <dependency><groupId>org.acme</groupId><artifactId>extra</artifactId><version>1</version></dependency>
  </dependencies></profile></profiles>
</project>
"""


def test_pom_xml_is_read() -> None:
    """Coordinates from the parent, properties, scopes, management, plugins and profiles."""
    package = MAVEN.read({"pom.xml": POM})
    assert (package.name, package.version) == ("org.acme:web", "1.2.3-SNAPSHOT")
    assert [told(each) for each in package.dependencies] == [
        ("org.acme:parent", "7", "runtime", "parent"),
        ("org.acme:core", "1.0.0", "runtime", ""),
        ("org.acme:core", "1.0.0", "dev", ""),
        ("org.acme:tools", "2.0", "optional", ""),
        ("org.acme:api", "", "runtime", ""),
        ("org.acme:sibling", "", "runtime", ""),
        ("org.acme:managed", "", "runtime", ""),
        ("org.acme:far", "", "runtime", ""),
        ("org.acme:bom", "[1.0,2.0)", "runtime", "managed"),
        ("org.apache.maven.plugins:maven-jar-plugin", "3.4.0", "build", ""),
        ("org.acme:extra", "1", "runtime", "ci"),
    ]


def test_pom_xml_is_edited_in_place() -> None:
    """A version that a property holds moves there; comments, CDATA, white space and line endings stay."""
    moves = {
        ("org.acme:core", "1.0.0"): "2.0.0",
        ("org.acme:tools", "2.0"): "3.0",
        ("org.acme:bom", "[1.0,2.0)"): "[1.0,3.0)",
        ("org.acme:parent", "7"): "8",
        ("org.acme:sibling", ""): "9",
    }
    expected = (
        POM.replace("1.2.3-SNAPSHOT", "1.3.0")
        .replace(" 1.0.0 ", " 2.0.0 ")
        .replace("[2.0]", "[3.0]")
        .replace("[1.0,2.0)", "[1.0,3.0)")
        .replace("<version>7<", "<version>8<")
    )
    for mark in ("", "\ufeff"):
        assert edited(Ecosystem.MAVEN, {"pom.xml": mark + POM}, "1.3.0", moves) == {"pom.xml": mark + expected}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<version>1.0</version>", "<version>2.0</version>"),
        ("<version>\n  1.0\n</version>", "<version>\n  2.0\n</version>"),
        ("<version><!-- a -->1.0</version>", "<version><!-- a -->2.0</version>"),
        ("<version><![CDATA[1.0]]></version>", "<version><![CDATA[2.0]]></version>"),
        ("<version>&#49;.0</version>", "<version>2.0</version>"),
        # In pieces, by a property that is not here, by two properties, in a circle, inherited.
        ("<version>1<!-- a -->.0</version>", "<version>1<!-- a -->.0</version>"),
        ("<version>${x}</version>", "<version>${x}</version>"),
        ("<version>${a}${a}</version><properties><a>1</a></properties>",) * 2,
        ("<version>${a}</version><properties><a>${b}</a><b>${a}</b></properties>",) * 2,
        ("<parent><version>1.0</version></parent>",) * 2,
    ],
)
def test_the_projects_version_is_set_where_it_is_written_out(before: str, after: str) -> None:
    """One text of the file is replaced; what is put together from several is left alone."""
    texts = edited(Ecosystem.MAVEN, {"pom.xml": f"<project>{before}</project>"}, "2.0", {})
    assert texts == {"pom.xml": f"<project>{after}</project>"}


def test_a_property_cannot_become_two_versions() -> None:
    """Two packages that share a property and move apart are refused by name, not by luck."""
    text = """<project><properties><v>1.0</v></properties><dependencies>
    <dependency><groupId>g</groupId><artifactId>a</artifactId><version>${v}</version></dependency>
    <dependency><groupId>g</groupId><artifactId>b</artifactId><version>${v}</version></dependency>
    </dependencies></project>"""
    with pytest.raises(ManifestError, match=r"pom\.xml:1: one text would have to become both '2\.0' and '3\.0'"):
        MAVEN.edit({"pom.xml": text}, "1.0", {("g:a", "1.0"): "2.0", ("g:b", "1.0"): "3.0"})


def test_a_document_type_is_refused() -> None:
    """Entities that grow and entities that name files are never defined."""
    laughs = "".join(
        f'<!ENTITY {name} "{f"&{last};" * 10}">' for last, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    for inside in (f'<!ENTITY a "ha">{laughs}', '<!ENTITY i SYSTEM "file:///etc/passwd">'):
        text = f"<!DOCTYPE p [{inside}]>\n<project><artifactId>&i;</artifactId></project>"
        with pytest.raises(ManifestError, match=r"pom\.xml:1: it has a document type") as caught:
            MAVEN.read({"pom.xml": text})
        assert "DOCTYPE" in caught.value.hint


def test_properties_that_grow_are_not_followed() -> None:
    """Ten properties of a hundred references each cost nothing, and the name stays as it is written."""
    properties = "".join(
        f"<{one}>{f'${{{two}}}' * 100}</{one}>" for one, two in zip("abcdefghi", "bcdefghij", strict=True)
    )
    text = (
        f"<project><groupId>${{a}}</groupId><artifactId>x</artifactId><properties>{properties}</properties></project>"
    )
    began = time.process_time()
    package = MAVEN.read({"pom.xml": text})
    assert time.process_time() - began < 1
    assert len(package.name or "") < 2000
