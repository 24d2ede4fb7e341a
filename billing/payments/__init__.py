"""Money in by card: Stripe's Checkout, its webhooks, auto-recharge, refunds and disputes. Nothing else speaks to Stripe."""
