//! Whether an answer comes from a cache, and how old it is, according to the headers of the caches.
//!
//! `Via` and `X-Served-By` name a proxy, which may have asked the site itself. They prove nothing and are ignored. An
//! answer that a cache has just revalidated with the site (`REVALIDATED`, `RefreshHit`) counts as new.

use std::time::Duration;

use crate::core::words::Cached;
use crate::http::{Response, is_number};

/// The headers in which caches report what they did: Fastly, Varnish, Akamai, CloudFront and Squid; Cloudflare; nginx
/// (the example in its manual, and a common variant); Vercel and Next.js; Bunny; LiteSpeed; Drupal; RFC 9211.
const HEADERS: &str = "x-cache cf-cache-status x-cache-status x-proxy-cache x-vercel-cache x-nextjs-cache cdn-cache \
                       x-litespeed-cache x-drupal-cache x-varnish-cache cache-status";
const KEPT: [&str; 3] = ["hit", "stale", "updating"];
/// Words next to those of `KEPT` which say that the cache asked the site whether its answer is still valid.
const CONFIRMED: [&str; 4] = ["refresh", "expired", "revalidated", "ims"];

impl Response {
    /// Returns the cache that gave this answer; `None` if no header tells of one.
    pub fn cached(&self) -> Option<Cached> {
        let age = self.age();
        let mut said = HEADERS.split(' ').flat_map(|name| self.all(name));
        let kept = said.any(|value| value.split(',').any(is_kept));
        (kept || age.is_some()).then_some(Cached { age })
    }

    /// Returns the greatest `Age` above zero. A new answer has none, or 0.
    fn age(&self) -> Option<Duration> {
        let values = self.all("age").join(",");
        let numbers = (values.split(',').map(str::trim)).filter(|digits| is_number(digits));
        // RFC 9111: a number that is too large to be read means very old.
        let seconds = numbers.map(|digits| digits.parse().unwrap_or(u64::from(u32::MAX)));
        let oldest = seconds.max().filter(|seconds| *seconds > 0);
        oldest.map(Duration::from_secs)
    }
}

/// Returns whether one cache reports a hit: `HIT`, `Hit from cloudfront`, `TCP_MEM_HIT from a23`,
/// `"Edge"; hit; ttl=30`. With several caches in a row, one hit is enough.
fn is_kept(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let mut words = value.split([' ', ';', '_', '\t']);
    let is_confirmed = words.clone().any(|word| CONFIRMED.contains(&word));
    words.any(|word| KEPT.contains(&word)) && !is_confirmed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(headers: &[(&'static str, &str)]) -> Option<String> {
        let cached = Response::of(200, headers, b"").cached();
        cached.map(|cached| cached.to_string())
    }

    #[test]
    fn a_cache_that_says_so_is_believed_and_its_age_told() {
        for (headers, words) in [
            (&[("Age", "340")][..], "a cached answer, 340 s old"),
            (
                &[("Age", "340"), ("X-Cache", "HIT")],
                "a cached answer, 340 s old",
            ),
            (
                &[("Age", "5"), ("Age", "340")],
                "a cached answer, 340 s old",
            ),
            (&[("Age", "5, 340")], "a cached answer, 340 s old"),
            (
                &[("Age", "99999999999999999999999")],
                "a cached answer, more than a day old",
            ),
            (&[("Age", "0"), ("X-Cache", "HIT")], "a cached answer"),
            (
                &[("Age", "soon"), ("X-Cache", "MISS"), ("X-Cache", "HIT")],
                "a cached answer",
            ),
            (&[("X-Cache", "MISS, HIT")], "a cached answer"),
            (&[("X-Cache", "HIT, MISS")], "a cached answer"),
            (&[("X-Cache", "Hit from cloudfront")], "a cached answer"),
            (
                &[("X-Cache", "TCP_MEM_HIT from a23-1-2-3.deploy (AkamaiGHost)")],
                "a cached answer",
            ),
            (&[("CF-Cache-Status", "HIT")], "a cached answer"),
            (&[("CF-Cache-Status", "STALE")], "a cached answer"),
            (&[("CF-Cache-Status", "UPDATING")], "a cached answer"),
            (
                &[("X-Vercel-Cache", "STALE"), ("Via", "1.1 vegur")],
                "a cached answer",
            ),
            (&[("X-Cache-Status", "HIT")], "a cached answer"),
            (
                &[("Cache-Status", "\"Netlify Edge\"; hit")],
                "a cached answer",
            ),
            (
                &[(
                    "Cache-Status",
                    "OriginCache; fwd=miss, \"CDN\"; hit; ttl=30",
                )],
                "a cached answer",
            ),
        ] {
            assert_eq!(told(headers).as_deref(), Some(words), "{headers:?}");
        }
    }

    #[test]
    fn a_proxy_that_asked_the_site_is_no_cache() {
        for headers in [
            &[][..],
            &[
                ("Via", "1.1 vegur"),
                ("X-Served-By", "cache-fra-1"),
                ("X-Cache-Hits", "0"),
                ("Age", "0"),
            ],
            &[("X-Cache", "MISS")],
            &[("X-Cache", "Miss from cloudfront")],
            &[("X-Cache", "RefreshHit from cloudfront")],
            &[("X-Cache", "TCP_REFRESH_HIT from proxy")],
            &[("X-Cache", "TCP_EXPIRED_HIT")],
            &[("X-Cache", "MISS from hit-squad.example")],
            &[("CF-Cache-Status", "DYNAMIC")],
            &[("CF-Cache-Status", "REVALIDATED")],
            &[("CF-Cache-Status", "EXPIRED")],
            &[("CF-Cache-Status", "BYPASS")],
            &[("X-Vercel-Cache", "PRERENDER")],
            &[("Cache-Status", "\"hit\"; fwd=stale; fwd-status=304")],
            &[("Age", "-5")],
            &[("Age", "1.5")],
            &[("Age", "")],
        ] {
            assert_eq!(told(headers), None, "{headers:?}");
        }
    }
}
