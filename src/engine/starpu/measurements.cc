#include "engine/starpu/measurements.h"

#include <array>
#include <nlohmann/json.hpp>

#include "engine/starpu/texts.h"

namespace mapwright::engine::starpu {
namespace {

using Json = nlohmann::json;
using M = Measurements;

constexpr std::array<NamedMeasurement, 18> kNames{{
    {"dp_peak", &M::dp_peak},
    {"sp_peak", &M::sp_peak},
    {"dp_sustained", &M::dp_sustained},
    {"sp_sustained", &M::sp_sustained},
    {"bandwidth", &M::bandwidth},
    {"scattered", &M::scattered},
    {"atomic", &M::atomic},
    {"bandwidth_alone", &M::bandwidth_alone},
    {"latency", &M::latency},
    {"mapping", &M::mapping},
    {"launch", &M::launch},
    {"copy_setup", &M::copy_setup},
    {"copy_bandwidth", &M::copy_bandwidth},
    {"copies_bandwidth", &M::copies_bandwidth},
    {"network_latency", &M::network_latency, true},
    {"message", &M::message, true},
    {"remote_hop", &M::remote_hop, true},
    {"network_bandwidth", &M::network_bandwidth, true},
}};

}  // namespace

std::span<const NamedMeasurement> measurement_names() {
  return kNames;
}

std::string save(const Question& question) {
  return Json{{"version", kTextVersion}, {"processors", question.processors}, {"limit", question.limit}}
      .dump();
}

std::optional<Question> load_question(std::string_view text) {
  return parsed<Question>(text, [](const Json& json, Question& question) {
    json.at("processors").get_to(question.processors);
    json.at("limit").get_to(question.limit);
  });
}

std::string save(const Measurements& measurements) {
  Json json{{"version", kTextVersion}};
  for (const NamedMeasurement& m : kNames) json[std::string(m.name)] = measurements.*m.member;
  return json.dump();
}

std::optional<Measurements> load_measurements(std::string_view text) {
  return parsed<Measurements>(text, [](const Json& json, Measurements& measurements) {
    for (const NamedMeasurement& m : kNames) json.at(std::string(m.name)).get_to(measurements.*m.member);
  });
}

}  // namespace mapwright::engine::starpu
