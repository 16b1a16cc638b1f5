"""What tests share: servers, clocks, recordings, recognisers."""
