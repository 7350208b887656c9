#include "tests/fault-injection/fuzz/targets.hpp"

namespace escrow::fuzz {

const std::vector<Target>& product_targets() {
  static const std::vector<Target> all{
      {"f_http_server", http_server, 2048}, {"f_http_answer", http_answer, 2048}, {"f_api_json", api_json, 4096},
      {"f_url_policy", url_policy, 256},    {"f_config", config, 2048},           {"f_log_row", log_row, 256},
      {"f_db_file", db_file, 128},          {"f_barrier", barrier, 128},          {"f_proxy_rule", proxy_rule, 2048},
  };
  return all;
}

}  // namespace escrow::fuzz
