# mix.exs
defp deps do [{:phoenix, "~> 1.7"}] end
