"""The pages in a real Chromium, with the real program behind them."""
