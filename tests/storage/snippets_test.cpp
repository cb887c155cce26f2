#include "storage/snippets.hpp"

#include "storage/code_language.hpp"
#include "storage/declarations.hpp"
#include "storage/doc_comments.hpp"
#include "storage/markdown_snippets.hpp"
#include "storage/rst_snippets.hpp"

#include <gtest/gtest.h>

namespace larder::test {

namespace {

/// "language|line|title|code", one each.
std::vector<std::string> shown(const std::vector<package_snippet>& found) {
  std::vector<std::string> result;
  for (auto& s : found)
    result.push_back(s.language + "|" + std::to_string(s.line) + "|" + s.title
                     + "|" + s.code);
  return result;
}

using list = std::vector<std::string>;

TEST(MarkdownSnippetsTest, TakesEachBlockWithItsHeadingAndLine) {
  EXPECT_EQ(
      shown(markdown_snippets("# Express\n"
                              "\n"
                              "```js\n"
                              "const a = 1\n"
                              "\n"
                              "go(a)\n"
                              "```\n"
                              "## Install *it*\n"
                              "- in a list\n"
                              "  ```bash\n"
                              "  npm i\n"
                              "  ```\n"
                              "\n"
                              "text\n"
                              "\n"
                              "    indented()\n")),
      (list{"javascript|4|Express|const a = 1\n\ngo(a)\n",
            "shell|11|Install it|npm i\n", "|16|Install it|indented()\n"}));
}

TEST(MarkdownSnippetsTest, CountsLinesFromWhereTheTextBegins) {
  EXPECT_EQ(shown(markdown_snippets("```\nx\n```\n", 10, "rust")),
            (list{"rust|11||x\n"}));
  EXPECT_EQ(shown(markdown_snippets("```js\r\na\r\nb\r\n```\r\n")).size(), 1u);
}

TEST(MarkdownSnippetsTest, TakesAFenceThatDoesNotEnd) {
  EXPECT_EQ(shown(markdown_snippets("```py\nprint()\n")),
            (list{"python|2||print()\n"}));
  EXPECT_TRUE(markdown_snippets("```\n```\n").empty());
}

TEST(RstSnippetsTest, TakesDirectivesLiteralBlocksAndDoctests) {
  EXPECT_EQ(shown(rst_snippets("Requests\n"
                               "========\n"
                               "\n"
                               ".. code-block:: python\n"
                               "   :linenos:\n"
                               "\n"
                               "   import requests\n"
                               "   requests.get(url)\n"
                               "\n"
                               "Like this::\n"
                               "\n"
                               "  $ pip install requests\n"
                               "\n"
                               "Usage\n"
                               "-----\n"
                               ">>> r.status\n"
                               "200\n"
                               "\n"
                               ".. image:: x.png\n"
                               "end\n")),
            (list{"python|7|Requests|import requests\nrequests.get(url)\n",
                  "|12|Requests|$ pip install requests\n",
                  "python|16|Usage|>>> r.status\n200\n"}));
}

TEST(DocSnippetsTest, RustWithItsItemAndWithoutHiddenLines) {
  EXPECT_EQ(
      shown(doc_snippets("src/lib.rs", "//! Crate.\n"
                                       "//!\n"
                                       "//! ```\n"
                                       "//! use x::y;\n"
                                       "//! # hidden();\n"
                                       "//! ```\n"
                                       "\n"
                                       "/// Spawns.\n"
                                       "///\n"
                                       "/// # Examples\n"
                                       "///\n"
                                       "/// ```rust,no_run\n"
                                       "/// x::spawn(async {\n"
                                       "///     1\n"
                                       "/// });\n"
                                       "/// ```\n"
                                       "#[inline]\n"
                                       "pub(crate) async fn spawn<F>(f: F) {}\n"
                                       "//// ```\n"
                                       "//// no\n")),
      (list{"rust|4||use x::y;\n",
            "rust|13|spawn: Examples|x::spawn(async {\n    1\n});\n"}));
}

TEST(DocSnippetsTest, ElixirWithModuleAndFunction) {
  EXPECT_EQ(
      shown(doc_snippets("lib/plug.ex", "defmodule Plug.Conn do\n"
                                        "  @moduledoc \"\"\"\n"
                                        "  Text.\n"
                                        "\n"
                                        "      iex> conn.host\n"
                                        "      \"x\"\n"
                                        "\n"
                                        "  ```erlang\n"
                                        "  f().\n"
                                        "  ```\n"
                                        "  \"\"\"\n"
                                        "\n"
                                        "  @doc ~S\"\"\"\n"
                                        "  ## Examples\n"
                                        "\n"
                                        "      assign(conn, :a, 1)\n"
                                        "  \"\"\"\n"
                                        "  @spec assign(t, atom, term) :: t\n"
                                        "  def assign(conn, key, value) do\n"
                                        "  end\n"
                                        "end\n")),
      (list{"elixir|5|Plug.Conn|iex> conn.host\n\"x\"\n",
            "erlang|9|Plug.Conn|f().\n",
            "elixir|16|Plug.Conn.assign: Examples|assign(conn, :a, "
            "1)\n"}));
}

TEST(DocSnippetsTest, PythonOfModuleClassAndFunction) {
  EXPECT_EQ(
      shown(doc_snippets("x.py", "\"\"\"Module.\n"
                                 "\n"
                                 ">>> import x\n"
                                 "\"\"\"\n"
                                 "import os\n"
                                 "\n"
                                 "class Session(Base):\n"
                                 "    r'''A session.\n"
                                 "\n"
                                 "    Usage::\n"
                                 "\n"
                                 "      s = Session()\n"
                                 "    '''\n"
                                 "\n"
                                 "    def get(self,\n"
                                 "            url):\n"
                                 "        \"\"\"One line.\"\"\"\n"
                                 "    async def put(self):\n"
                                 "        \"\"\"\n"
                                 "        ```python\n"
                                 "        s.put()\n"
                                 "        ```\n"
                                 "        \"\"\"\n"
                                 "x = \"\"\"\n"
                                 ">>> not_a_docstring()\n"
                                 "\"\"\"\n")),
      (list{"python|3||>>> import x\n", "python|12|Session|s = Session()\n",
            "python|21|put|s.put()\n"}));
}

TEST(DocSnippetsTest, JavaScriptExamplesAndFences) {
  EXPECT_EQ(
      shown(doc_snippets("lib/x.js", "/**\n"
                                     " * Connects.\n"
                                     " *\n"
                                     " * @param {string} url\n"
                                     " * @example <caption>By hand</caption>\n"
                                     " * const c = connect('x')\n"
                                     " *\n"
                                     " * c.close()\n"
                                     " * @returns nothing\n"
                                     " */\n"
                                     "export async function connect(url) {}\n"
                                     "\n"
                                     "/**\n"
                                     " * ```ts\n"
                                     " * get<string>()\n"
                                     " * ```\n"
                                     " */\n"
                                     "exports.get = () => 1\n"
                                     "/** one line */\n"
                                     "const z = 1\n")),
      (list{"javascript|6|connect: By hand|const c = "
            "connect('x')\n\nc.close()\n",
            "typescript|15|get|get<string>()\n"}));
}

TEST(DeclarationSnippetsTest, TakesEachWithItsComment) {
  EXPECT_EQ(
      shown(declaration_snippets("import x from 'y'\n"
                                 "/** Opens. */\n"
                                 "export declare function open(\n"
                                 "  path: string,\n"
                                 "): Promise<{ a: '}' }>;\n"
                                 "export * from './z'\n"
                                 "export { a, b };\n"
                                 "export interface Options {\n"
                                 "  a?: number; // }\n"
                                 "}\n"
                                 "export type T =\n"
                                 "  | 'a'\n"
                                 "  | 'b';\n"
                                 "declare const version: string\n")),
      (list{"typescript|2|open|/** Opens. */\nexport declare function open(\n  "
            "path: string,\n): Promise<{ a: '}' }>;\n",
            "typescript|8|Options|export interface Options {\n  a?: number; // "
            "}\n}\n",
            "typescript|11|T|export type T =\n  | 'a'\n  | 'b';\n",
            "typescript|14|version|declare const version: string\n"}));
}

TEST(CodeLanguageTest, KnowsWhatPeopleWrite) {
  for (auto [info, language] : {std::pair{"js", "javascript"},
                                {"JavaScript", "javascript"},
                                {"rust,no_run", "rust"},
                                {"ignore", "rust"},
                                {"{.python}", "python"},
                                {"ts title=\"x\"", "typescript"},
                                {"console", "shell"},
                                {"", ""},
                                {"haskell", "haskell"}})
    EXPECT_EQ(language_of_fence(info), language) << info;
  EXPECT_EQ(language_of_file("a/b.test.mjs"), "javascript");
  EXPECT_EQ(language_of_file("a.d/b"), "");
}

unpacked_archive
files(std::vector<std::pair<std::string, std::string>> contents) {
  unpacked_archive result;
  for (auto& [path, content] : contents)
    result.files.push_back({path, content});
  return result;
}

TEST(SnippetsTest, TakesThemFromAllOfAPackage) {
  auto archive = files({{"deep/er/b.d.ts", "export type B = 1;\n"},
                        {"index.d.ts", "export type A = 1;\n"},
                        {"examples/run.js", "// How to run it\nrun()\n"},
                        {"lib.rs", "/// ```\n/// f()\n/// ```\nfn f() {}\n"},
                        {"copy.rs", "/// ```\n/// f()\n/// ```\nfn f() {}\n"},
                        {"binary.js", std::string{"/**\0*/", 6}}});
  auto found = snippets_of(archive, "```js\nx()\n```\n", {"README.md", 1});
  list kinds;
  for (auto& s : found)
    kinds.push_back(s.kind + " " + s.path + ":" + std::to_string(s.line) + " "
                    + s.title);
  EXPECT_EQ(kinds, (list{"readme README.md:2 README.md",
                         "example examples/run.js:1 How to run it",
                         "declaration index.d.ts:1 A",
                         "declaration deep/er/b.d.ts:1 B", "doc lib.rs:2 f"}));
}

TEST(SnippetsTest, StaysWithinItsLimits) {
  std::string readme;
  for (int i = 0; i < 50; ++i)
    readme += "```\nline " + std::to_string(i) + "\n" + std::string(90, 'x')
              + "\n```\n";
  snippet_limits limits;
  limits.of_a_kind = 10;
  limits.code_bytes = 50;
  auto found = snippets_of(files({}), readme, {"README.md", 1}, limits);
  ASSERT_EQ(found.size(), 10u);
  EXPECT_EQ(found[9].code, "line 9\n");
  limits.bytes = 20;
  EXPECT_EQ(snippets_of(files({}), readme, {"README.md", 1}, limits).size(),
            2u);
}

// Whatever part of a source comes, there is an answer.
TEST(SnippetsTest, AnswersForEveryTruncation) {
  const std::vector<std::pair<std::string, std::string>> sources{
      {"a.rs", "//! ```\n//! # a\n//! ```\n/// ```x\npub fn (\n#[a(\nfn f"},
      {"a.ex", "defmodule A do\n@doc \"\"\"\n    iex> a\n\"\"\"\ndef a("},
      {"a.py", "\"\"\"x\n>>> a\n\"\"\"\nclass A(\n  b):\n  '''x::\n\n    y"},
      {"a.js", "/**\n * @example <caption>x\n * a\n * ```\n * b\n */\nexport"},
      {"a.d.ts", "/** x */\nexport type A = { a: `${b}` |\n  | 'c' }\n// x"},
      {"README.rst", "T\n===\n.. code-block::\n   :a:\n\n  x\n\ny::\n\n z"},
      {"README.md", "# T\n```js {x}\na\n```\n<pre>\n    b\n> ```\n> c\n"}};
  for (auto& [path, text] : sources)
    for (std::size_t size = 0; size <= text.size(); ++size) {
      auto part = text.substr(0, size);
      for (auto& s : snippets_of(files({{path, part}}), part, {path, 1})) {
        EXPECT_FALSE(s.code.empty());
        EXPECT_GT(s.line, 0u);
      }
    }
}

}  // namespace

}  // namespace larder::test
