# Exploratory three-factor model of alliance.csv, rotated to the key (lavaan 0.6-14): Rscript rotation.R > rotation.json
suppressMessages({library(lavaan); library(jsonlite)})
d <- read.csv("../sem/data/alliance.csv")
items <- c(paste0("b", 1:4, "_w1"), paste0("g", 1:4, "_w1"), paste0("t", 1:4, "_w1"))
model <- paste0('efa("e")*bond + efa("e")*goal + efa("e")*task =~ ', paste(items, collapse = " + "))
target <- matrix(0, 12, 3)
for (j in 1:3) target[(4 * j - 3):(4 * j), j] <- NA # the items of a factor are not part of the target
out <- list()
for (estimator in c("ML", "WLSMV")) {
  fit <- cfa(model, data = d, estimator = estimator, ordered = if (estimator == "WLSMV") items else NULL,
             rotation = "target", rotation.args = list(target = target, rstarts = 0))
  s <- standardizedSolution(fit)
  s <- s[s$op == "=~" | (s$op == "~~" & s$lhs != s$rhs), c("lhs", "op", "rhs", "est.std", "se")]
  out[[estimator]] <- list(chisq = fitMeasures(fit, "chisq")[[1]], solution = s)
}
cat(toJSON(out, auto_unbox = TRUE, digits = 10, dataframe = "columns"), "\n")
