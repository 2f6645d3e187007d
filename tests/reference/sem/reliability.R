# Reliability and HTMT of semTools 0.5-6, written to reliability.json. Run in this directory: Rscript reliability.R
suppressMessages({library(lavaan); library(semTools)}); library(jsonlite)
data <- read.csv("data/alliance.csv")
items <- c(paste0("b", 1:4, "_w1"), paste0("g", 1:4, "_w1"), paste0("t", 1:4, "_w1"))
three <- "bond =~ b1_w1 + b2_w1 + b3_w1 + b4_w1
goal =~ g1_w1 + g2_w1 + g3_w1 + g4_w1
task =~ t1_w1 + t2_w1 + t3_w1 + t4_w1"
second <- paste0(three, "\nalliance =~ bond + goal + task")
bifactor <- paste0("alliance =~ ", paste(items, collapse = " + "), "\n", three)
named <- function(x) lapply(as.list(unclass(x)), unbox)
fit <- function(model, ...) cfa(model, data, control = list(rel.tol = 1e-12), ...)
continuous <- fit(three); ordinal <- cfa(three, data, ordered = items, estimator = "WLSMV")
both <- suppressMessages(suppressWarnings(list(continuous = reliability(continuous), ordinal = reliability(ordinal))))
groups <- suppressWarnings(reliability(fit(three, group = "group")))
pairs <- function(m) { m <- unclass(m); list(bond_goal = unbox(m[2, 1]), bond_task = unbox(m[3, 1]), goal_task = unbox(m[3, 2])) }
out <- list(
  alpha = named(both$continuous["alpha", ]), omega = named(both$continuous["omega", ]),
  alpha_ordinal = named(both$ordinal["alpha.ord", ]), omega_ordinal = named(both$ordinal["omega", ]),
  ave_ordinal = named(both$ordinal["avevar", ]), omega_latent = named(compRelSEM(ordinal, ord.scale = FALSE, obs.var = FALSE)),
  group_2_omega = named(groups[[2]]["omega", ]), group_2_alpha = named(groups[[2]]["alpha", ]),
  second = named(compRelSEM(fit(second), higher = "alliance", obs.var = FALSE)),
  bifactor = named(compRelSEM(fit(bifactor, orthogonal = TRUE, std.lv = TRUE), obs.var = FALSE, return.total = TRUE)),
  bifactor_ordinal = named(compRelSEM(cfa(bifactor, data, ordered = items, orthogonal = TRUE, std.lv = TRUE, estimator = "WLSMV"), obs.var = FALSE)),
  htmt2 = pairs(htmt(three, data)), htmt = pairs(htmt(three, data, htmt2 = FALSE)),
  htmt2_ordinal = pairs(suppressWarnings(htmt(three, data, ordered = items)))
)
write_json(out, "reliability.json", digits = 12)
