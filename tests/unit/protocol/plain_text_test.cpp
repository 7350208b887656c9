#include <catch2/catch.hpp>

#include <string>

#include "protocol/plain_text.hpp"

using namespace escrow;

TEST_CASE("plain text ends before the first byte that needs a second look, wherever it stands", "[protocol]") {
  for (std::size_t size = 0; size <= 40; ++size) {
    const std::string text(size, 'x');
    CHECK(protocol::plain_length(text) == size);
    for (std::size_t place = 0; place < size; ++place) {
      for (int byte = 0; byte < 256; ++byte) {
        auto other = text;
        other[place] = static_cast<char>(byte);
        const bool is_plain = byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\';
        if (protocol::plain_length(other) != (is_plain ? size : place)) FAIL(size << " " << place << " " << byte);
      }
    }
  }
}

TEST_CASE("of several bytes that are not plain the first one counts", "[protocol]") {
  for (const char first : {'\x01', '"', '\\', '\x7F', '\x80', '\xFF'}) {
    for (const char second : {'\x00', '\x1F', '"', '\\', '\x7F', '\x80', '\xFF'}) {
      for (std::size_t place = 0; place < 15; ++place) {
        std::string text(16, '!');
        text[place] = first;
        text[place + 1] = second;
        CHECK(protocol::plain_length(text) == place);
      }
    }
  }
}
