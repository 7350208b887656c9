#include "coordinator/server/stream/stream_query.hpp"

#include <limits>
#include <string>
#include <vector>

#include "protocol/json_writer.hpp"
#include "protocol/words.hpp"

namespace escrow::server {
namespace {

constexpr protocol::Range seq_range{0, std::numeric_limits<std::int64_t>::max() - 1};

/// A header that is no number of ours is one of another stream, or a mistake: both are told.
std::optional<Problem> read_last_event_id(const transport::Headers& headers, std::optional<std::int64_t>& after) {
  const auto text = headers.find("Last-Event-ID");
  // A browser that has not seen an id yet sends none, or an empty one.
  if (!text || text->empty()) return std::nullopt;
  const bool is_number = text->size() <= 18 && text->find_first_not_of("0123456789") == std::string_view::npos;
  if (!is_number || headers.count("Last-Event-ID") != 1) {
    return Problem(protocol::ProblemCode::malformed_request, "Last-Event-ID must be one number, the id of an event of this stream");
  }
  after = std::stoll(std::string(*text));
  return std::nullopt;
}

}  // namespace

Parsed<StreamQuery> parse_stream(const transport::Request& request) {
  QueryReader query(request.query);
  StreamQuery out;
  if (const auto text = query.read("gid")) {
    out.gid = protocol::Gid::parse(*text);
    if (!out.gid) query.fault("gid", "can't be the name of a transaction");
  }
  const std::vector<std::string> types = query.read_all("type");
  if (types.empty()) out.types = engine::EventTypes::all();
  for (const std::string& text : types) {
    if (const auto type = protocol::from_string<protocol::EventType>(text)) {
      out.types.add(*type);
    } else {
      query.fault("type", "must be the type of an event");
    }
  }
  if (const auto text = query.read("overview")) {
    if (*text != "true" && *text != "false") query.fault("overview", "must be true or false");
    out.overview = *text == "true";
    if (out.overview && out.gid) query.fault("overview", "has no meaning in a stream of one transaction");
  }
  out.after = query.read_integer("after", seq_range);
  if (auto problem = refuse_unknown(std::move(query))) return *std::move(problem);
  if (auto problem = read_last_event_id(request.headers, out.after)) return *std::move(problem);
  return out;
}

}  // namespace escrow::server
