#include "base/os/environment.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/os/process.h"

namespace mapwright::os {
namespace {

TEST(Environment, SecretsAreKnownByTheirNames) {
  for (const char* name : {"OPENAI_API_KEY", "OPENAI_ORG", "ANTHROPIC_AUTH_TOKEN", "GITHUB_TOKEN",
                           "my_api_key", "DB_PASSWORD", "PASSWORD", "AWS_SECRET_ACCESS_KEY", "CLIENT_SECRET",
                           "HF_TOKEN", "SOME_SECRETS", "REGISTRY_AUTH", "TOKEN"})
    EXPECT_TRUE(names_secret(name)) << name;
  for (const char* name : {"PATH", "HOME", "KEYBOARD", "TOKENIZERS_PARALLELISM", "OMP_NUM_THREADS", "LANG",
                           "", "XDG_STATE_HOME", "SSH_AUTH_SOCK", "MONKEY"})
    EXPECT_FALSE(names_secret(name)) << name;
}

TEST(Environment, IsGivenWithoutSecrets) {
  EXPECT_EQ(without_secrets({"PATH=/bin", "X_TOKEN=1", "odd", "OPENAI_BASE_URL=http://x", "A=TOKEN=1"}),
            (Environment{"PATH=/bin", "odd", "A=TOKEN=1"}));
}

TEST(Environment, IsThatOfThisProcess) {
  ::setenv("MAPWRIGHT_TEST_HERE", "a=b", 1);
  const Environment all = environment();
  EXPECT_NE(std::ranges::find(all, "MAPWRIGHT_TEST_HERE=a=b"), all.end());
  ::unsetenv("MAPWRIGHT_TEST_HERE");
}

TEST(Environment, ASecretIsTakenOnce) {
  ::setenv("MAPWRIGHT_TEST_KEY", "secret-1", 1);
  EXPECT_EQ(take_secret("MAPWRIGHT_TEST_KEY"), "secret-1");
  EXPECT_EQ(take_secret("MAPWRIGHT_TEST_KEY"), std::nullopt);
  ::setenv("MAPWRIGHT_TEST_KEY", "", 1);
  EXPECT_EQ(take_secret("MAPWRIGHT_TEST_KEY"), "");
}

// The place that /proc shows is filled when a program starts, so that the test starts itself once more.
TEST(Environment, ATakenSecretIsNowhereLeft) {
  constexpr const char* kAgain = "MAPWRIGHT_TEST_AGAIN";
  if (std::getenv(kAgain) == nullptr) {
    Command c;
    c.argv = {"/proc/self/exe", "--gtest_filter=Environment.ATakenSecretIsNowhereLeft"};
    std::string self(4096, '\0');
    self.resize(static_cast<std::size_t>(::readlink("/proc/self/exe", self.data(), self.size())));
    c.argv[0] = self;
    c.environment = environment();
    c.environment->emplace_back("MAPWRIGHT_TEST_AGAIN=1");
    c.environment->emplace_back("MAPWRIGHT_TEST_KEY=very-secret-0123456789");
    const Outcome o = run(c);
    EXPECT_EQ(o.exit, 0) << o.out << o.err;
    return;
  }
  const auto seen = [] {
    std::ifstream in("/proc/self/environ", std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {}).find("very-secret") != std::string::npos;
  };
  ASSERT_TRUE(seen());
  EXPECT_EQ(take_secret("MAPWRIGHT_TEST_KEY"), "very-secret-0123456789");
  EXPECT_FALSE(seen());
  Command c;
  c.argv = shell("cat /proc/self/environ; env");
  EXPECT_EQ(run(c).out.find("very-secret"), std::string::npos);
}

}  // namespace
}  // namespace mapwright::os
