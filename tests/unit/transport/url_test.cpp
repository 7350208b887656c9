#include "protocol/url.hpp"

#include <catch2/catch.hpp>

#include <string>

using escrow::protocol::Url;

TEST_CASE("a URL is taken apart", "[protocol][url]") {
  const auto url = Url::parse("https://Pay.Example.com:8443/a%20b/c?x=1&y=/?");
  REQUIRE(url);
  CHECK(url->is_tls());
  CHECK(url->scheme() == "https");
  CHECK(url->host() == "pay.example.com");
  CHECK(url->port() == 8443);
  CHECK(url->target() == "/a%20b/c?x=1&y=/?");
  CHECK(url->host_header() == "pay.example.com:8443");
  CHECK(url->destination() == "https://pay.example.com:8443");
  CHECK(url->text() == "https://Pay.Example.com:8443/a%20b/c?x=1&y=/?");
}

TEST_CASE("a URL gets the default port and path of its scheme", "[protocol][url]") {
  const auto plain = Url::parse("HTTP://127.0.0.1");
  REQUIRE(plain);
  CHECK(plain->port() == 80);
  CHECK(plain->target() == "/");
  CHECK(plain->host_header() == "127.0.0.1");
  CHECK(plain->destination() == "http://127.0.0.1:80");
  const auto query = Url::parse("https://h?q");
  REQUIRE(query);
  CHECK(query->port() == 443);
  CHECK(query->target() == "/?q");
  CHECK(Url::parse("http://h:80/")->host_header() == "h");
}

TEST_CASE("an IPv6 address is kept in canonical form", "[protocol][url]") {
  const auto url = Url::parse("http://[2001:DB8:0::0:1]:81/");
  REQUIRE(url);
  CHECK(url->host() == "2001:db8::1");
  CHECK(url->destination() == "http://[2001:db8::1]:81");
  CHECK(url->host_header() == "[2001:db8::1]:81");
  CHECK(Url::parse("http://[::1]/")->destination() == "http://[::1]:80");
}

TEST_CASE("URLs that are not what an operation may have are refused with a reason", "[protocol][url]") {
  const std::string text = GENERATE(values<std::string>({
      "",
      "http",
      "http:",
      "http:/",
      "http://",
      "http:///path",
      "/relative",
      "//host/path",
      "host/path",
      "ftp://host/",
      "file:///etc/passwd",
      "gopher://host/",
      "javascript:alert(1)",
      "http://user@host/",
      "http://user:password@host/",
      "http://host/#fragment",
      "http://host#",
      "http://ho st/",
      "http://host/a b",
      " http://host/",
      "http://host/ ",
      "http://host/\r\nX: y",
      "http://host/\n",
      "http://host/\t",
      "http://host/\x7f",
      "http://h\xc3\xb6st/",
      "http://host/\xc3\xa4",
      "http://host:/",
      "http://host:0/",
      "http://host:65536/",
      "http://host:-1/",
      "http://host:+1/",
      "http://host:80a/",
      "http://host:8 0/",
      "http://host:080000000000000000080/",
      "http://[::1/",
      "http://[]/",
      "http://[::1]x/",
      "http://[fe80::1%25eth0]/",
      "http://[fe80::1%eth0]/",
      "http://[1.2.3.4]/",
      "http://[v1.x]/",
      "http://::1/",
      "http://a..b/",
      "http://.a/",
      "http://./",
      "http://a%2eb/",
      "http://a,b/",
      "http://a;b/",
      "http://a'b/",
      "http://host\\@evil/",
      "http://host/\\",
      "http://host/%",
      "http://host/%1",
      "http://host/%zz",
      "http://host/{id}",
      "http://host/|",
      "http://host/\"",
      "http://host/<>",
      "http://host/^",
      "http://host/`",
      "http://host/[",
      "http:/\\host/",
      "http:host/",
      "https//host/",
  }));
  CAPTURE(text);
  const auto url = Url::parse(text);
  CHECK_FALSE(url);
  if (!url) CHECK_FALSE(url.error().empty());
}

TEST_CASE("a URL with a NUL in it is refused", "[protocol][url]") {
  CHECK_FALSE(Url::parse(std::string("http://host/\0", 13)));
  CHECK_FALSE(Url::parse(std::string("http://ho\0st/", 13)));
}

TEST_CASE("a URL may be 2048 characters long and no longer", "[protocol][url]") {
  const std::string longest = "http://h/" + std::string(2048 - 9, 'a');
  CHECK(Url::parse(longest));
  CHECK_FALSE(Url::parse(longest + "a"));
}

TEST_CASE("labels and names of hosts have the lengths of DNS", "[protocol][url]") {
  const std::string label(63, 'a');
  CHECK(Url::parse("http://" + label + "/"));
  CHECK_FALSE(Url::parse("http://" + label + "a/"));
  const std::string name = label + "." + label + "." + label + "." + std::string(61, 'a');
  CHECK(Url::parse("http://" + name + "/"));
  CHECK_FALSE(Url::parse("http://" + name + "a/"));
  CHECK(Url::parse("http://host./")->host() == "host.");
}
