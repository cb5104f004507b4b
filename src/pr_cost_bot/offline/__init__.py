"""Attribution on files: the shell around `pr_cost_bot.attribution` for JSON Lines of any size."""
