#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/body_reader.hpp"
#include "protocol/fault.hpp"

/// Reading the query of a request, as strictly as a body: unknown, repeated and malformed parameters are faults.
namespace escrow::server {

/// The parameters of one query. Names and values are decoded as HTML forms write them: `+` is a space. What has not been taken when reading
/// ends is unknown: call `refuse_rest`.
class QueryReader {
 public:
  explicit QueryReader(std::string_view query);

  /// The only value of a parameter; a second one is a fault.
  std::optional<std::string> read(std::string_view name);
  /// All values of a parameter that may stand more than once.
  std::vector<std::string> read_all(std::string_view name);
  /// The parameters whose names begin with `prefix`, without it.
  std::vector<std::pair<std::string, std::string>> read_prefixed(std::string_view prefix);
  std::optional<std::int64_t> read_integer(std::string_view name, protocol::Range range);

  void fault(std::string_view name, std::string detail);
  void refuse_rest();
  [[nodiscard]] std::vector<protocol::Fault> take_faults() && { return std::move(faults_); }

 private:
  struct Parameter {
    std::string name;
    std::string value;
    bool taken = false;
  };
  std::vector<Parameter> parameters_;
  std::vector<protocol::Fault> faults_;
};

}  // namespace escrow::server
