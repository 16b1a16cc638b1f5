"""Working under the limits of a provider."""
