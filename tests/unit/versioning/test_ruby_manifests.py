"""Gem specifications and Gemfiles, read as texts."""

from __future__ import annotations

import pytest
from support.manifests import edited, told

from releasepilot.model.catalog import Ecosystem
from releasepilot.versioning.ecosystems import MANIFESTS

RUBY = MANIFESTS[Ecosystem.RUBY]

GEMSPEC = """\
# frozen_string_literal: true
require_relative "lib/acme/web/version"
=begin
Gem::Specification.new { |s| s.add_dependency "hidden", "1" }
=end
Gem::Specification.new do |spec|\r
  spec.name = 'acme-web' # the name
  spec.version       = Acme::Web::VERSION
  spec.description = <<~TEXT
    spec.add_dependency "quoted", "1"
  TEXT
  spec.add_dependency "acme-core", "~> 1.2", ">= 1.2.3" # why
  spec.add_runtime_dependency(%q<tools>.freeze, ["~> 1.0".freeze])
  spec.add_dependency(
    "apart",
    # between
    '>= 1',
    '< 3',
  )
  spec.add_dependency "bare" if RUBY_VERSION < "3"
  spec.add_dependency "computed", "~> #{CORE}"
  spec.add_dependency "sum", "~> " + CORE
  spec.add_dependency name, "1.0"
  other.add_dependency "other", "1"
  spec.add_development_dependency 'rake', '~> 13.0'
  spec.add_dependency 'rake', '~> 13.0'
  # spec.add_dependency "commented", "1"
end
__END__
  spec.add_dependency "behind", "1"
"""

VERSION_RB = 'module Acme\n  module Web # VERSION = "9"\n    VERSION = "1.2.3".freeze\n  end\nend\n'
FILES = {"acme-web.gemspec": GEMSPEC, "lib/acme/web/version.rb": VERSION_RB}


def test_a_gemspec_is_read_and_never_executed() -> None:
    """Literals in every form; what is computed, commented, quoted or behind the end of the program is none."""
    package = RUBY.read(FILES)
    assert (package.name, package.version) == ("acme-web", "1.2.3")
    assert [told(each)[:3] for each in package.dependencies] == [
        ("acme-core", "~> 1.2, >= 1.2.3", "runtime"),
        ("tools", "~> 1.0", "runtime"),
        ("apart", ">= 1, < 3", "runtime"),
        ("bare", "", "runtime"),
        ("computed", "", "runtime"),
        ("sum", "", "runtime"),
        ("rake", "~> 13.0", "dev"),
        ("rake", "~> 13.0", "dev"),
    ]


def test_a_gemspec_is_edited_in_place() -> None:
    """Each requirement is written into its own literal; the version is set where its constant is."""
    moves = {
        ("acme-core", "~> 1.2, >= 1.2.3"): "~> 2.0, >= 2.0.0",
        ("tools", "~> 1.0"): "~> 2.0",
        ("apart", ">= 1, < 3"): ">= 1, < 4",
    }
    expected = (
        GEMSPEC.replace('"~> 1.2", ">= 1.2.3"', '"~> 2.0", ">= 2.0.0"')
        .replace('"~> 1.0"', '"~> 2.0"')
        .replace("'< 3'", "'< 4'")
    )
    assert edited(Ecosystem.RUBY, FILES, "1.3.0", moves) == {
        "acme-web.gemspec": expected,
        "lib/acme/web/version.rb": VERSION_RB.replace("1.2.3", "1.3.0"),
    }


def test_another_number_of_requirements_is_written_anew() -> None:
    """Where one requirement becomes two, the literals are replaced as a whole."""
    text = "Gem::Specification.new do |s|\n  s.add_dependency 'a', '~> 1.0'\nend\n"
    texts = edited(Ecosystem.RUBY, {"a.gemspec": text}, "1", {("a", "~> 1.0"): ">= 2, < 4"})
    assert texts["a.gemspec"] == text.replace("'~> 1.0'", '">= 2", "< 4"')


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ('s.version = "1.0.0"', "1.0.0"),
        ("s.version='1.0.0'.freeze", "1.0.0"),
        ("s.version = A::VERSION.dup", "2.0.0"),
        ("s.version = VERSION", "2.0.0"),
        ('s.version = File.read("VERSION")', None),
        ('s.version = "1.#{minor}"', None),
        ('s.version = ENV["V"] || "1.0.0"', None),
        ('s.version == "1.0.0"', None),
    ],
)
def test_a_version_is_a_literal_or_a_constant(line: str, version: str | None) -> None:
    """Everything else is computed, and neither read nor written."""
    files = {"a.gemspec": f"Gem::Specification.new do |s|\n  {line}\nend\n", "lib/a/version.rb": "VERSION = '2.0.0'\n"}
    assert RUBY.read(files).version == version
    texts = edited(Ecosystem.RUBY, files, "3.0.0", {})
    assert texts == {name: text.replace(version, "3.0.0") if version else text for name, text in files.items()}


def test_the_short_form_of_a_specification() -> None:
    """Name and version may stand before the block."""
    head = "Gem::Specification.new 'a', {} do |s|\n  s.add_dependency 'b', '1'\nend\n"
    literal = {"a.gemspec": head.format("'1.0.0'")}
    constant = {"a.gemspec": head.format("A::VERSION"), "lib/a/version.rb": "module A; VERSION = '1.0.0'; end"}
    for files in (literal, constant):
        package = RUBY.read(files)
        assert (package.name, package.version, len(package.dependencies)) == ("a", "1.0.0", 1)
        texts = edited(Ecosystem.RUBY, files, "1.1.0", {})
        assert texts == {name: text.replace("1.0.0", "1.1.0") for name, text in files.items()}


def test_the_version_file_is_that_of_the_constants_modules() -> None:
    """Underscores do not count; among several that do not fit none is taken."""
    spec = "Gem::Specification.new do |s|\n  s.version = ActiveThing::VERSION\nend\n"
    files = {
        "active-thing.gemspec": spec,
        "lib/active_thing/version.rb": "VERSION = '1.0.0'",
        "lib/other/version.rb": "VERSION = '2.0.0'",
    }
    assert RUBY.read(files).version == "1.0.0"
    assert RUBY.read({**files, "active-thing.gemspec": spec.replace("ActiveThing", "Missing")}).version is None
    listed = ["Gemfile", "a-b.gemspec", "lib/", "lib/a.rb", "lib/other/", "bin/"]
    assert RUBY.further(listed) == ("a-b.gemspec", "lib/version.rb", "lib/other/version.rb", "lib/a/b/version.rb")
    assert RUBY.further(["Gemfile", "lib/", "lib/other/"]) == ()


GEMFILE = """\
source "https://rubygems.org"
git_source(:github) { |repo| "https://example.org/#{repo}" }
# gem "commented", "1"
gem "acme-core", "~> 1.2", ">= 1.2.3", require: false
gem 'dev', '~> 1', groups: [:development, :test] # why
gem "both", "1", group: %i[test production]
gem "old", "~> 1", :group => :test
gem "far", "~> 1", git: "https://example.org/far.git",
                   tag: "v1"
gem "near", "~> 1", path: "../near"
gem "x-path", "~> 1", require: "path"
gemspec
group :development, "docs" do
  gem "linter", "~> 2"
  platforms :mri do
    gem "debug"
  end
end
path "engines" do
  gem "engine", "~> 1"
end
if ENV["EDGE"]
  gem "acme-core", "~> 2.0"
else
  gem "acme-core", "~> 1.2"
end
gem "last", "~> 1"
gem = "nothing"
"""


def test_a_gemfile_is_read_and_edited_in_place() -> None:
    """Groups in options and blocks; what comes from git or a path has no constraint."""
    package = RUBY.read({"Gemfile": GEMFILE})
    assert [told(each) for each in package.dependencies] == [
        ("acme-core", "~> 1.2, >= 1.2.3", "runtime", ""),
        ("dev", "~> 1", "dev", "development test"),
        ("both", "1", "runtime", "production test"),
        ("old", "~> 1", "dev", "test"),
        ("far", "", "runtime", ""),
        ("near", "", "runtime", ""),
        ("x-path", "~> 1", "runtime", ""),
        ("linter", "~> 2", "dev", "development docs"),
        ("debug", "", "dev", "development docs"),
        ("engine", "", "runtime", ""),
        ("acme-core", "~> 2.0", "runtime", ""),
        ("acme-core", "~> 1.2", "runtime", ""),
        ("last", "~> 1", "runtime", ""),
    ]
    moves = {("acme-core", "~> 1.2"): "~> 3.0", ("dev", "~> 1"): "~> 2"}
    text = edited(Ecosystem.RUBY, {"Gemfile": GEMFILE}, "1", moves)["Gemfile"]
    assert text == GEMFILE.replace('"~> 1.2"\n', '"~> 3.0"\n').replace("'dev', '~> 1'", "'dev', '~> 2'")


def test_a_gemfile_beside_a_gemspec_is_for_development() -> None:
    """Who uses the gem gets what its specification says."""
    package = RUBY.read({"a.gemspec": "Gem::Specification.new do |s|\nend\n", "Gemfile": "gem 'b', '1'\n"})
    assert [told(each)[:3] for each in package.dependencies] == [("b", "1", "dev")]
