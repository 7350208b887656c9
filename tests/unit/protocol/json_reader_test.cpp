#include "protocol/json_reader.hpp"

#include "protocol/json_writer.hpp"
#include "protocol/utf8.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <random>

using namespace escrow::protocol;
using namespace std::string_literals;

namespace {

/// The offset of the fault, or -1.
long fault_offset(std::string_view text) {
  const auto document = JsonDocument::read(text);
  return document ? -1 : static_cast<long>(document.error().offset);
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

}  // namespace

TEST_CASE("every kind of JSON value is read with its exact bytes", "[protocol][json]") {
  const std::string text = " { \"a\" : 1.00 , \"b\":[true,false , null],\"c\":\"x\\u00e9\\ud83d\\ude00\\n\" ,\"d\":{\"e\":-0.1E+2} }\n";
  const auto document = JsonDocument::read(text);
  REQUIRE(document);
  const auto members = document->root().members();
  REQUIRE(members.size() == 4);
  CHECK(members[0].name == "a");
  CHECK(members[0].value.text() == "1.00");
  CHECK(members[1].value.text() == "[true,false , null]");
  CHECK(members[1].value.elements().size() == 3);
  CHECK(members[1].value.elements()[2].is(JsonType::null));
  CHECK(members[2].value.string() == "x\xC3\xA9\xF0\x9F\x98\x80\n");
  CHECK(members[3].value.find("e")->real() == Approx(-10.0));
  CHECK_FALSE(members[3].value.find("f"));
  CHECK(document->root().text() == text.substr(1, text.size() - 2));
  CHECK(document->root().size() == 4);
  CHECK(members[1].value.size() == 3);
  CHECK(members[2].value.size() == 0);
}

TEST_CASE("a member is found by its characters, however its name is spelled", "[protocol][json]") {
  const std::string text = R"({"ab":[1],"a":{"x":2},"\u0062":3,"abc":[]})";
  const auto document = JsonDocument::read(text);
  REQUIRE(document);
  CHECK(document->root().find("a")->find("x")->integer() == 2);
  CHECK(document->root().find("b")->integer() == 3);
  CHECK(document->root().find("ab")->size() == 1);
  CHECK(document->root().find("abc")->size() == 0);
  for (const auto* name : {"", "x", "abcd", "u0062"}) CHECK_FALSE(document->root().find(name));
  CHECK_FALSE(document->root().find("ab")->find("a"));
}

TEST_CASE("numbers keep their text whatever a double can hold", "[protocol][json]") {
  const std::string text = "[123456789012345678901234567890,1e400,-0,1.0,9223372036854775807,9223372036854775808]";
  const auto document = JsonDocument::read(text);
  REQUIRE(document);
  const auto numbers = document->root().elements();
  CHECK(numbers[0].text() == "123456789012345678901234567890");
  CHECK_FALSE(numbers[0].integer());
  CHECK_FALSE(numbers[1].real());
  CHECK(numbers[2].integer() == 0);
  CHECK_FALSE(numbers[3].integer());
  CHECK(numbers[4].integer() == 9223372036854775807);
  CHECK_FALSE(numbers[5].integer());
}

TEST_CASE("malformed text is refused with the place where reading stopped", "[protocol][json]") {
  struct Case {
    std::string text;
    long offset;
  };
  const std::vector<Case> cases{
      {"", 0},
      {"   ", 3},
      {"\xEF\xBB\xBF{}", 0},
      {"{} x", 3},
      {"{}{}", 2},
      {"[1,]", 3},
      {"[1 2]", 3},
      {"[", 1},
      {"[1", 2},
      {"{\"a\"}", 4},
      {"{\"a\":}", 5},
      {"{\"a\":1,}", 7},
      {"{a:1}", 1},
      {"{'a':1}", 1},
      {"{\"a\":1", 6},
      {"01", 1},
      {"-", 1},
      {"+1", 0},
      {".5", 0},
      {"1.", 2},
      {"1e", 2},
      {"1e+", 3},
      {"0x10", 1},
      {"NaN", 0},
      {"Infinity", 0},
      {"tru", 0},
      {"True", 0},
      {"nul", 0},
      {"\"abc", 4},
      {"\"a\nb\"", 2},
      {"\"a\tb\"", 2},
      {"\"a\\", 3},
      {"\"\\x\"", 2},
      {"\"\\u12g4\"", 3},
      {"\"\\u12", 3},
      {"\"\\ud800\"", 7},
      {"\"\\ud800x\"", 7},
      {"\"\\ud800\\u0041\"", 13},
      {"\"\\udc00\"", 7},
      {"\"\xC0\xAF\"", 1},
      {"\"\xE0\x80\xAF\"", 1},
      {"\"\xED\xA0\x80\"", 1},
      {"\"\xF4\x90\x80\x80\"", 1},
      {"\"\xFF\"", 1},
      {"\"\xE2\x82\"", 1},
      {"\x00"s, 0},
      {"{}\x00"s, 2},
      {"\"\x00\""s, 1},
      {"[1]/* no */", 3},
      {"{\"a\":1,\"a\":2}", 8},
      {"{\"a\":1,\"\\u0061\":2}", 8},
      {"[{\"b\":{\"x\":1,\"y\":2,\"x\":3}}]", 20},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK(fault_offset(c.text) == c.offset);
    CHECK_FALSE(is_valid_json(c.text));
    CHECK_FALSE(canonical_json(c.text));
  }
}

TEST_CASE("near misses of malformed text are read", "[protocol][json]") {
  for (const std::string& text :
       {"0"s, "-0"s, "-0.0e-0"s, " \t\r\n1 "s, "\"\\u0000\""s, "\"\x7F\""s, "\"\\ud83d\\ude00\""s, "\"\xED\x9F\xBF\""s,
        "\"\xF4\x8F\xBF\xBF\""s, "{\"a\":{\"a\":1},\"b\":{\"a\":2}}"s, "{\"a\":1,\"A\":2}"s, "{\"\":0}"s, "[]"s, "{}"s, "\"/\\/\""s}) {
    INFO(text);
    CHECK(fault_offset(text) == -1);
    CHECK(is_valid_json(text));
  }
}

TEST_CASE("nesting is allowed up to 64 and refused above", "[protocol][json]") {
  CHECK(is_valid_json(nested(64)));
  CHECK_FALSE(is_valid_json(nested(65)));
  CHECK_FALSE(is_valid_json(std::string(1'000'000, '[')));
  std::string objects;
  for (int i = 0; i < 65; ++i) objects += "{\"a\":";
  CHECK_FALSE(is_valid_json(objects + "1" + std::string(65, '}')));
}

TEST_CASE("an object of very many members is read in good time", "[protocol][json]") {
  std::string text = "{";
  for (int i = 0; i < 100'000; ++i) text += "\"m" + std::to_string(i) + "\":0,";
  text += "\"m0\":0}";
  CHECK_FALSE(is_valid_json(text));
}

TEST_CASE("equal JSON values have one canonical spelling", "[protocol][json]") {
  CHECK(canonical_json("{\"b\":1, \"a\" : [ 1 ,2 ]}") == "{\"a\":[1,2],\"b\":1}");
  CHECK(canonical_json("\"\\u0041\\/\\u00e9\"") == "\"A/\xC3\xA9\"");
  CHECK(canonical_json("{\"x\":{\"z\":1,\"y\":2}}") == canonical_json("{\"x\":{\"y\":2,\"z\":1}}"));
  CHECK(canonical_json("1.0") != canonical_json("1"));
  CHECK(canonical_json("[1,2]") != canonical_json("[2,1]"));
  CHECK(canonical_json("null") != canonical_json("\"null\""));
}

TEST_CASE("the reader agrees with another one on mutated text", "[protocol][json]") {
  // The other reader skips byte order marks, keeps the last of two equal names, and refuses numbers that overflow a double: nothing here
  // has them.
  const std::vector<std::string> seeds{"{\"a\":[1,2.5,-3e2,true,false,null],\"b\":\"x\\n\\u00e9\\ud83d\\ude00\",\"c\":{}}",
                                       "[[],[[]],\"\xC3\xA9\xE2\x82\xAC\",0]"};
  const std::string alphabet = "{}[],:\"\\ue0159.-+ntfad\x80\xC3\xE2 \n";
  std::mt19937 random(7);  // NOLINT: the same mutations on every run
  int valid = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = seeds[random() % seeds.size()];
    for (auto edits = 1 + random() % 3; edits > 0; --edits) {
      const std::size_t at = random() % text.size();
      if (random() % 2 == 0) {
        text[at] = alphabet[random() % alphabet.size()];
      } else {
        text.erase(at, 1);
      }
    }
    bool other = nlohmann::json::accept(text);
    if (other) {
      // Duplicate names are the one difference left.
      std::size_t names = 0;
      nlohmann::json::parser_callback_t count = [&](int, nlohmann::json::parse_event_t event, nlohmann::json&) {
        if (event == nlohmann::json::parse_event_t::key) ++names;
        return true;
      };
      const auto document = nlohmann::json::parse(text, count);
      std::size_t kept = 0;
      std::function<void(const nlohmann::json&)> walk = [&](const nlohmann::json& value) {
        if (value.is_object()) kept += value.size();
        if (value.is_structured()) {
          for (const auto& child : value) walk(child);
        }
      };
      walk(document);
      if (kept != names) other = false;
      ++valid;
    }
    INFO(text);
    REQUIRE(is_valid_json(text) == other);
  }
  CHECK(valid > 300);
}

TEST_CASE("written strings are valid JSON whatever the bytes were", "[protocol][json]") {
  CHECK(json_string("a\"b\\c\n\x01\x7F") == "\"a\\\"b\\\\c\\n\\u0001\\u007f\"");
  CHECK(json_string("\xC3\xA9") == "\"\xC3\xA9\"");
  CHECK(json_string("x\xFFy\xC3") == "\"x\xEF\xBF\xBDy\xEF\xBF\xBD\"");
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  CHECK(is_valid_json(json_string(all)));
}

TEST_CASE("text is counted and cut between characters", "[protocol][json]") {
  CHECK(count_characters("a\xC3\xA9\xF0\x9F\x98\x80") == 3);
  CHECK(cut_utf8("a\xC3\xA9z", 2) == "a");
  CHECK(cut_utf8("a\xC3\xA9z", 3) == "a\xC3\xA9");
  CHECK(cut_utf8("abc", 3) == "abc");
}
