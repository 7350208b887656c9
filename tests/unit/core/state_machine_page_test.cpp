#include "tests/unit/core/state_machine_page.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

TEST_CASE("the page of state machines is the one that the table prints", "[core][table][docs]") {
  const std::string path = ESCROW_SOURCE_DIR "/docs/state-machines.md";
  std::ifstream file(path);
  REQUIRE(file.is_open());
  std::ostringstream page;
  page << file.rdbuf();
  INFO("print_state_machines > docs/state-machines.md");
  CHECK(page.str() == escrow::tests::state_machine_page());
}
