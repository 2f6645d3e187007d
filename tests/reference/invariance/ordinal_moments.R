# Sample statistics and Gamma of ordered and mixed data from lavaan 0.6-14.
# Rscript ordinal_moments.R > ordinal_moments.json   (needs lavaan, jsonlite)
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})
set.seed(20)
n <- 240
z1 <- rbinom(n, 1, .4); z2 <- round(rnorm(n), 2)
f <- .5 * z1 + .3 * z2 + rnorm(n)
cut_at <- function(y, th) findInterval(y, th) + 1
item <- function(l) l * f + rnorm(n)
d <- data.frame(o1 = cut_at(item(1), c(-1.5, -.5, .5, 1.5)), o2 = cut_at(item(.8), c(-1, 0, 1.2)),
                o3 = cut_at(item(1.2), c(-1, .8)), b1 = cut_at(item(.7), .3), b2 = cut_at(item(1), -.8),
                x1 = round(item(.9) * 2 + 5, 2), x2 = round(item(.6), 2), z1 = z1, z2 = z2,
                w = round(runif(n, .4, 2), 2))
holes <- d
for (v in names(d)[1:7]) holes[runif(n) < .08, v] <- NA
ord <- c("o1", "o2", "o3", "b1", "b2")
moments <- function(extra, data, ...) {
  fit <- suppressWarnings(sem(paste("f =~ o1 + o2 + o3 + b1 + b2", extra), data = data, ordered = ord,
                              estimator = "WLSMV", do.fit = FALSE, ...))
  g <- unname(as.matrix(unclass(lavInspect(fit, "gamma"))))
  list(stats = as.numeric(lavInspect(fit, "wls.obs")), gamma_diagonal = diag(g),
       gamma_row_sums = rowSums(g))
}
out <- list(
  data = d, holes = holes,
  cases = list(
    ordered = moments("", d), ordered_listwise = moments("", holes),
    ordered_pairwise = moments("", holes, missing = "pairwise"), ordered_weights = moments("", d, sampling.weights = "w"),
    mixed = moments("+ x1 + x2", d), mixed_pairwise = moments("+ x1 + x2", holes, missing = "pairwise"),
    covariates = moments("\n f ~ z1 + z2", d),
    covariates_pairwise = moments("+ x1 + x2 \n f ~ z1 + z2", holes, missing = "pairwise"),
    covariates_mixed_weights = moments("+ x1 + x2 \n f ~ z1 + z2", d, sampling.weights = "w")))
cat(toJSON(out, digits = 12, dataframe = "columns", na = "null"), "\n")
