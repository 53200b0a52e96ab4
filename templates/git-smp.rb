# The formula of a release for a Homebrew tap: Formula/git-smp.rb. A release fills in the version and the checksums.
class GitSmp < Formula
  desc "Promote the commit running on staging to production with git push"
  homepage "@REPOSITORY@"
  version "@NUMBER@"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "@REPOSITORY@/releases/download/@VERSION@/git-smp-@VERSION@-aarch64-apple-darwin.tgz"
      sha256 "@SHA256 aarch64-apple-darwin@"
    end
    on_intel do
      url "@REPOSITORY@/releases/download/@VERSION@/git-smp-@VERSION@-x86_64-apple-darwin.tgz"
      sha256 "@SHA256 x86_64-apple-darwin@"
    end
  end

  on_linux do
    on_arm do
      url "@REPOSITORY@/releases/download/@VERSION@/git-smp-@VERSION@-aarch64-unknown-linux-musl.tgz"
      sha256 "@SHA256 aarch64-unknown-linux-musl@"
    end
    on_intel do
      url "@REPOSITORY@/releases/download/@VERSION@/git-smp-@VERSION@-x86_64-unknown-linux-musl.tgz"
      sha256 "@SHA256 x86_64-unknown-linux-musl@"
    end
  end

  def install
    bin.install "git-smp"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/git-smp.bash" => "git-smp"
    zsh_completion.install "completions/_git-smp"
    (share/"fish/vendor_conf.d").install "completions/git-smp.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/git-smp --version")
  end
end
