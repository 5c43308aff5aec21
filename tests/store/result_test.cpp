#include "support/checks.hpp"

#include <supercache/store/result.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <set>
#include <string>
#include <string_view>

using namespace supercache;

TEST_CASE("a result holds its value") {
  result<std::string> r{std::string{"text"}};
  REQUIRE(r.ok());
  CHECK(static_cast<bool>(r));
  CHECK(*r == "text");
  CHECK(r->size() == 4);
  CHECK(r.value() == "text");
  CHECK(std::move(r).value() == "text");
}

TEST_CASE("a result holds a failure, and value throws the failure") {
  const result<std::string> r{errc::not_found, "no such key"};
  CHECK_FALSE(r.ok());
  CHECK_FALSE(static_cast<bool>(r));
  CHECK(r.why() == failure{errc::not_found, "no such key"});
  CHECK_FAILS_WITH(r.value(), errc::not_found, "no such key");
  CHECK_FAILS_WITH((result<int>{failure{errc::timeout, "late"}}.value()), errc::timeout, "late");
}

TEST_CASE("a result of a move-only type can be moved out") {
  result<std::unique_ptr<int>> r{std::make_unique<int>(5)};
  const std::unique_ptr<int> out = std::move(r).value();
  CHECK(*out == 5);
}

TEST_CASE("a status is done or says why not") {
  CHECK(ok().ok());
  CHECK(*ok() == unit{});
  const status failed{errc::io_error, "disk full"};
  CHECK_REFUSED(failed, errc::io_error, "disk full");
}

TEST_CASE("every error code has its own name, and an unknown one says so") {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(errc::unavailable); ++i)
    names.insert(to_string(static_cast<errc>(i)));
  CHECK(names.size() == static_cast<std::size_t>(errc::unavailable) + 1);
  CHECK_FALSE(names.contains("unknown error code"));
  CHECK(to_string(static_cast<errc>(200)) == "unknown error code");
  CHECK(to_string(errc::none) == "none");
  CHECK(to_string(errc::not_found) == "not_found");
  CHECK(to_string(errc::not_primary) == "not_primary");
  CHECK(to_string(errc::quorum_not_reached) == "quorum_not_reached");
  CHECK(to_string(errc::internal) == "internal");
}

TEST_CASE("the numbers of error codes are those on the wire") {
  CHECK(static_cast<int>(errc::not_started) == 1);
  CHECK(static_cast<int>(errc::invalid_argument) == 3);
  CHECK(static_cast<int>(errc::type_mismatch) == 5);
  CHECK(static_cast<int>(errc::not_found) == 6);
  CHECK(static_cast<int>(errc::overloaded) == 9);
  CHECK(static_cast<int>(errc::outcome_unknown) == 11);
  CHECK(static_cast<int>(errc::malformed) == 12);
  CHECK(static_cast<int>(errc::not_primary) == 15);
  CHECK(static_cast<int>(errc::quorum_not_reached) == 16);
}
